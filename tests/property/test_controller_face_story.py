"""Any order of wishes, yeses, withdrawals, lost fobs, switches, waits and restores.

After every step: a lease stands only on a yes that nothing has ended, on a credential that works,
and never on a yes from before the person opted out, whatever a restored database remembers; and a
step about face changes no other document of any gate.
"""

import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from controller.domain.credentials import EndReason
from controller.domain.moment import HOUR_MS
from controller.ingest.core import IngestCore
from controller.services import credentials
from controller.services.backup import backup, restore
from controller.services.compiling import Compiled
from controller.services.credentials import FobDraft
from controller.services.erasure import stop_face
from controller.services.face_settings import set_switch
from controller.services.keys import ensure_keys
from controller.storage.engine import make_engine
from controller.storage.migrate import upgrade
from controller.storage.models import CredentialRow, FaceConsentRow
from mqtt.contract.consents import read_consents
from mqtt.contract.errors import RefusedError
from mqtt.contract.events import EventKind, Personal
from mqtt.contract.lease import MAX_LEASE_MS
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.topics import DocumentName
from tests.support.compound import RESIDENTS, Compound
from tests.support.face_desk import NORTH, SOUTH, FaceDesk, Resident, open_face_desk

GATES = (SOUTH, NORTH)
OTHERS = tuple(name for name in DocumentName if name is not DocumentName.LEASES)
Word = tuple[EventKind, ReasonCode, Personal, int]

FACE_STEPS = (
    *("wish", "withdraw", "off", "on", "house"),
    *(f"{what} {gate}" for what in ("yes", "enrolled", "receipt", "at") for gate in GATES),
)
ACCESS_STEPS = ("lost", "give back", "new fob", "save", "restore")
STEPS = st.lists(
    st.sampled_from(FACE_STEPS)
    | st.sampled_from(ACCESS_STEPS)
    | st.sampled_from(["opt in", "wait 1", "wait 25", "wait 800", "wait 8760"]),
    max_size=14,
)


@dataclass
class Story:
    """One person's story. `opted_in` is the truth that no database may get wrong."""

    desk: FaceDesk
    file: Path
    who: Resident
    log: dict[str, list[Word]] = field(default_factory=lambda: {gate: [] for gate in GATES})
    saved: Path | None = None
    opted_in: bool = False

    def step(self, step: str) -> None:
        word, _, more = step.partition(" ")
        match word:
            case "wait":
                self.desk.move(int(more) * HOUR_MS)
                with self.desk.writing() as uow:
                    ensure_keys(uow, self.desk.site, self.desk.moment)
                    uow.commit()
            case "opt":
                for each in ("wish", f"yes {SOUTH}", f"enrolled {SOUTH}"):
                    self.step(each)
            case "wish":
                with suppress(RefusedError):
                    self.desk.wish(self.who)
            case "yes" | "enrolled" | "receipt" | "at":
                self._record(more, word)
            case "house":
                self.desk.house()
            case "off" | "on":
                self._switch(is_on=word == "on")
            case "save" | "restore":
                getattr(self, word)()
            case _:
                self._credential(word)
        if word == "withdraw":
            self._withdraw()

    def _withdraw(self) -> None:
        self.opted_in = False
        with self.desk.writing() as uow:
            stop_face(uow, self.desk.site, self.who.actor, self.who.holder, moment=self.desk.moment)
            uow.commit()

    def _record(self, gate: str, word: str) -> None:
        if word == "at":
            self.opted_in = False
        if word == "yes":
            self.opted_in = True
        self.desk.move(1_000)
        holder = self.who.holder
        said = {
            "yes": (EventKind.CONSENT, ReasonCode.CONSENT_GIVEN, Personal(holder, self.who.fob)),
            "enrolled": (EventKind.FACE, ReasonCode.ENROLLED, Personal(holder)),
            "receipt": (EventKind.ERASURE, ReasonCode.FACE_ERASED, Personal(holder)),
            "at": (EventKind.ERASURE, ReasonCode.FACE_ERASED, Personal(holder, note="at_gate")),
        }[word]
        self.log[gate].append((*said, self.desk.moment.utc_ms))
        self.send(gate)

    def send(self, gate: str) -> None:
        """Send what the controller does not have yet, as a gate's outbox does."""
        for kind, reason, person, at_ms in self.log[gate][self.desk.seqs.get(gate, 0) :]:
            at = type(self.desk.moment)(at_ms, 0)
            self.desk.say(gate, kind, reason, person, at=at)

    def _switch(self, *, is_on: bool) -> None:
        with self.desk.writing() as uow:
            set_switch(
                uow,
                self.desk.home.manager,
                "compound",
                is_on=is_on,
                reason="检查",
                moment=self.desk.moment,
            )
            uow.commit()

    def _credential(self, word: str) -> None:
        reasons = {"lost": EndReason.LOST, "give": EndReason.HOLDER_WISH}
        with self.desk.writing() as uow, suppress(RefusedError):
            if word in reasons:
                credentials.end_credential(
                    uow,
                    self.desk.site,
                    self.who.actor,
                    self.who.fob,
                    reasons[word],
                    moment=self.desk.moment,
                )
            elif word == "new":
                draft = FobDraft(self.who.holder, self.desk.moment.utc_s, RESIDENTS)
                fob = credentials.enrol_fob(uow, self.desk.home.manager, draft, self.desk.moment)
                self.who = Resident(self.who.holder, fob)
            uow.commit()

    def save(self) -> None:
        self.saved = self.file.with_name(f"saved-{self.desk.moment.utc_ms}-{len(self.log[SOUTH])}")
        if not self.saved.exists():
            backup(f"sqlite:///{self.file}", self.saved)
            (self.saved.with_suffix(".seqs")).write_text(
                " ".join(str(self.desk.seqs.get(gate, 0)) for gate in GATES)
            )

    def restore(self) -> None:
        if self.saved is None:
            return
        self.desk.engine.dispose()
        restore(f"sqlite:///{self.file}", self.saved)
        sizes = self.saved.with_suffix(".seqs").read_text().split()
        self.desk.seqs = {gate: int(size) for gate, size in zip(GATES, sizes, strict=True)}
        for gate in GATES:
            self.send(gate)


def check(story: Story, compiled: dict[str, Compiled]) -> None:
    desk, holder, now_ms = story.desk, story.who.holder, story.desk.moment.utc_ms
    for gate in GATES:
        told = read_consents(compiled[gate][DocumentName.LEASES])
        lease = told.leases.get(holder)
        if lease is None:
            continue
        assert story.opted_in
        assert holder not in told.erasures
        assert told.switched_off(gate.replace("gate", "door") + "-in") is None
        assert lease.from_ms <= now_ms < lease.until_ms <= lease.from_ms + MAX_LEASE_MS
        with desk.reading() as uow:
            named = uow.need(CredentialRow, lease.credential)
            found = select(FaceConsentRow).where(
                FaceConsentRow.holder_id == holder,
                FaceConsentRow.gate == gate,
                FaceConsentRow.ended_at_ms.is_(None),
            )
            (consent,) = uow.session.scalars(found)
        assert named.holder_id == holder
        assert named.ended_at_ms is None
        assert lease.until_ms <= min(named.valid_until_ms, consent.until_ms)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Compound, Resident]:
    """Build the compound once; every story gets a copy of its database."""
    file = tmp_path_factory.mktemp("story") / "template.db"
    engine = make_engine(f"sqlite:///{file}")
    upgrade(engine)
    desk = open_face_desk(engine)
    who = desk.resident()
    engine.dispose()
    return file, desk.home, who


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(steps=STEPS)
def test_no_lease_outlives_its_basis_and_face_changes_nothing_else(
    template: tuple[Path, Compound, Resident], steps: list[str]
) -> None:
    source, home, who = template
    with TemporaryDirectory() as folder:
        file = Path(folder) / "story.db"
        shutil.copyfile(source, file)
        engine = make_engine(f"sqlite:///{file}")
        desk = FaceDesk(engine, home, IngestCore(engine, home.site))
        story = Story(desk, file, who)
        before = desk.compiled()
        for step in steps:
            story.step(step)
            now = desk.compiled()
            if step in FACE_STEPS:
                assert _others(now) == _others(before)
            check(story, now)
            before = now
        engine.dispose()


def _others(compiled: dict[str, Compiled]) -> dict[str, dict[DocumentName, object]]:
    return {gate: {name: found[name] for name in OTHERS} for gate, found in compiled.items()}
