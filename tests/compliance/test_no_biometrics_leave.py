"""Face data stays in the gate (promise 3, rules DM): live a day with face, then search everything.

The markers are planted first and have to be found: a search that finds nothing proves nothing.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from controller.services.backup import backup
from edge.adapters.sim import requests as ask
from edge.domain.model import ClockTrust
from edge.workers.face.pipeline import open_pipeline
from equalgate.demo.compound import Compound, Ports, now
from equalgate.demo.eavesdropper import NAME, ClientsOfHostileBroker, Eavesdropper
from equalgate.demo.ledger import has_documents
from equalgate.demo.processes import wait_until
from equalgate.demo.scene import Scene
from equalgate.demo.steps import Result
from equalgate.demo.tour_entry import tap_fob
from equalgate.demo.tour_face import consent_and_enrol, press, wait_face_ready
from tests.support.face_assets import faces_folder, models_folder
from tests.support.leaks import Needles, leaks_in, needles_of

_DAY_MS = 86_400_000
_SEALED = "state/face"
"""Where the worker keeps its references, encrypted: searched as well, for what is not sealed."""


@pytest.fixture(scope="module")
def needles() -> Needles:
    people = faces_folder() / "public_officials"
    pipeline = open_pipeline(models_folder())
    return needles_of(pipeline, [people / "obama_1.jpg", people / "biden_1.jpg"])


def test_what_is_planted_is_found(needles: Needles, tmp_path: Path) -> None:
    pipeline = open_pipeline(models_folder())
    people = faces_folder() / "public_officials"
    raw = needles.parts[0]
    for number, planted in enumerate(
        (
            b"x" * 5 + raw,
            b'{"v": "' + raw.hex().encode() + b'"}',
            (people / "obama_1.jpg").read_bytes(),
        )
    ):
        assert list(leaks_in(str(number), b"log line\n" * 40 + planted + b"\0" * 99, needles))
    import cv2
    import numpy as np

    picture = np.asarray(cv2.imread(str(people / "obama_2.jpg")), np.uint8)
    other = pipeline.analyse(picture).embedding
    assert other is not None
    assert list(leaks_in("v", b"abc" + other.tobytes(), needles)), "a vector that nobody knows"


def test_a_day_with_face_leaves_nothing_outside_the_workers_store(
    needles: Needles, tmp_path: Path
) -> None:
    people = faces_folder() / "public_officials"
    compound = Compound(tmp_path / "c", Ports.free(), clients=ClientsOfHostileBroker)
    seeded = compound.make()
    identity = compound.broker_home.identity(NAME, now())
    with compound.running(), Eavesdropper(compound.ports.broker, identity) as spy:
        scene = Scene(compound, seeded)
        try:
            _a_day(scene, people)
        finally:
            scene.close()
        heard = [message.topic.encode() + b" " + message.payload for message in spy.heard()]
        url = f"sqlite:///{compound.folder / 'controller' / 'controller.db'}"
        backup(url, tmp_path / "backup.db")
        compound.units["gate-south"].kill()
    assert len(heard) > 20
    found = [
        leak for number, raw in enumerate(heard) for leak in leaks_in(str(number), raw, needles)
    ]
    files = [*_files(compound.folder), tmp_path / "backup.db"]
    assert len(files) > 20
    for path in files:
        found += leaks_in(path.name, path.read_bytes(), needles)
    assert found == []


def _a_day(scene: Scene, people: Path) -> None:
    scene.wait_ready()
    for gate in scene.doors:
        wait_until(partial(has_documents, scene.compound, gate), gate, 30.0)
        wait_face_ready(scene, gate)
    door = scene.south
    consent_and_enrol(scene, door, "owner", people / "obama_1.jpg")
    result = Result("face")

    def is_in() -> bool:
        press(door, result, people / "obama_1.jpg")
        return result.outcome == "granted"

    wait_until(is_in, "entry by face", 40.0, every_s=0.2)
    press(door, Result("face"), people / "biden_1.jpg")
    door.sim.do(ask.ClockJump(_DAY_MS))
    door.sim.do(ask.ClockTrustSet(ClockTrust.SYNCED))
    press(door, Result("face"), people / "obama_1.jpg")
    door.rest()
    tap_fob(door, Result("fob"), scene.seeded.person("owner").card)
    door.sim.press_face(door.inside, 3_500)


def _files(folder: Path) -> Iterator[Path]:
    """Give every file of the compound, crash files included, but the codes that people showed."""
    for path in folder.rglob("*"):
        if path.is_file() and path.parent.name != "pictures":
            yield path
