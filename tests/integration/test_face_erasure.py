"""Search a running gate's face process, its memory and its folder, for what must not be there.

Every search plants its marker first and has to find it: a search that finds nothing proves nothing.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge import worker_wire as wire
from edge.workers.face.pipeline import open_pipeline
from tests.support.face_assets import faces_folder, models_folder
from tests.support.face_daemon import FaceDaemon, face_daemon, in_ms

PERSON, OTHER = "RESIDENTA", "RESIDENTB"
STRANGER = "biden_2"


def official(name: str) -> Path:
    return faces_folder() / "public_officials" / f"{name}.jpg"


def memory_holds(pid: int, needle: bytes) -> bool:
    """Tell whether the writable memory of a process holds ``needle``."""
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            found = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if found is None:
                continue
            begin, end = (int(number, 16) for number in found.groups())
            try:
                memory.seek(begin)
                if needle in memory.read(end - begin):
                    return True
            except OSError:
                continue
    return False


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[FaceDaemon]:
    faces_folder()
    with face_daemon(tmp_path / "store", models_folder()) as daemon:
        daemon.ready()
        yield daemon


def pid_of(daemon: FaceDaemon) -> int:
    assert daemon.process is not None
    try:
        with Path(f"/proc/{daemon.process.pid}/mem").open("rb"):
            pass
    except OSError:
        pytest.skip("only root may read the memory of a process that refuses to be debugged")
    return daemon.process.pid


def probe_of(name: str) -> bytes:
    """Return bytes of the embedding that this machine makes of a picture."""
    picture = cv2.imread(str(official(name)))
    assert picture is not None
    embedding = open_pipeline(models_folder()).analyse(np.asarray(picture, np.uint8)).embedding
    assert embedding is not None
    return embedding[:16].tobytes()


def pixels_of(name: str) -> bytes:
    """Return a row of a picture through the middle, where the face is."""
    picture = cv2.imread(str(official(name)))
    assert picture is not None
    height, width = picture.shape[:2]
    return bytes(picture[height // 2, width // 3 : width // 3 + 80].tobytes())


def test_J01_the_frame_of_a_stranger_is_gone_when_the_camera_closes(
    daemon: FaceDaemon, tmp_path: Path
) -> None:
    pid = pid_of(daemon)
    assert isinstance(daemon.enrol(PERSON, official("obama_1")), wire.FaceEnrolled)
    daemon.allow(PERSON)
    # Half a face at the edge: looked at until the time is over, so that the search can find it.
    half = "obama_6_half_face"
    daemon.show(official(half))
    daemon.send(wire.FaceArm("ap-1", in_ms(8000)))
    daemon.receive(wire.FaceHint)
    assert memory_holds(pid, pixels_of(half))
    daemon.send(wire.FaceDisarm("ap-1"))
    daemon.drain(0.7)
    assert not memory_holds(pid, pixels_of(half))

    before = sorted(path.name for path in (tmp_path / "store").rglob("*"))
    assert daemon.press(official(STRANGER)).reason == "no_match"
    daemon.drain(0.7)
    assert not memory_holds(pid, pixels_of(STRANGER))
    assert not memory_holds(pid, probe_of(STRANGER))
    assert sorted(path.name for path in (tmp_path / "store").rglob("*")) == before


def test_J07_after_an_erasure_neither_disk_nor_memory_holds_the_reference(
    daemon: FaceDaemon, tmp_path: Path
) -> None:
    pid = pid_of(daemon)
    enrolled = daemon.enrol(PERSON, official("obama_1"))
    assert isinstance(enrolled, wire.FaceEnrolled)
    assert isinstance(daemon.enrol(OTHER, official("biden_1")), wire.FaceEnrolled)
    for person in (PERSON, OTHER):
        daemon.allow(person)
    assert daemon.press(official("obama_2")).person == PERSON
    folder = tmp_path / "store"
    sealed = next(folder.glob(f"{PERSON}.*.ref")).read_bytes()
    needles = (sealed[-48:], sealed[300:348], PERSON.encode())
    assert all(any(needle in file for file in contents(folder)) for needle in needles)

    daemon.send(wire.FaceRevoke(PERSON))
    erased = daemon.receive(wire.FaceErased)
    assert (erased.person, erased.references) == (PERSON, 3)
    assert erased.commitments == enrolled.commitments
    state = daemon.receive(wire.FaceState)
    assert (state.enrolled, state.live) == (1, 1)
    assert not any(needle in file for file in contents(folder) for needle in needles)
    assert not memory_holds(pid, sealed[-48:])
    assert not memory_holds(pid, probe_of("obama_1"))

    assert daemon.press(official("obama_2")) == wire.FaceResult("ap-1", "refused", None, "no_match")
    assert daemon.press(official("biden_2")).person == OTHER
    # Not after a restart either, nor with a lease that comes late.
    assert daemon.again().enrolled == 1
    daemon.allow(PERSON)
    daemon.allow(OTHER)
    assert daemon.press(official("obama_2")).reason == "no_match"
    daemon.send(wire.FaceRevoke(PERSON))
    assert daemon.receive(wire.FaceErased).references == 0


def test_what_the_process_says_and_logs_holds_no_embedding_and_no_person(
    daemon: FaceDaemon, tmp_path: Path
) -> None:
    assert isinstance(daemon.enrol(PERSON, official("obama_1")), wire.FaceEnrolled)
    daemon.allow(PERSON)
    daemon.press(official("obama_2"))
    daemon.press(official(STRANGER))
    daemon.send(wire.FaceRevoke(PERSON))
    daemon.receive(wire.FaceErased)
    daemon.send(wire.Stop())
    log = daemon.log()
    assert b"references_erased" in log
    assert PERSON.encode() not in log
    assert str(tmp_path).encode() not in log
    assert not re.search(rb"0\.\d{3}", log)
    assert not list(Path(os.environ.get("TMPDIR", tmp_path)).glob("core*"))


def contents(folder: Path) -> list[bytes]:
    return [
        path.name.encode() + b"\n" + path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    ]
