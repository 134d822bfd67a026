"""A configuration on trial at one gate, over the in-memory broker and with the real uplink."""

from pathlib import Path

import msgspec

from edge.adapters.trial_shelf import FileShelf, MemoryShelf
from edge.domain.artefacts import Artefacts
from edge.domain.effects import Record
from edge.domain.trial import MOVED, OK
from edge.gate.trial.keeper import MOST_BOOTS, TrialKeeper
from mqtt.contract import codec
from mqtt.contract.documents import Held, digest_of
from mqtt.contract.envelope import Ed25519Signer, key_id
from mqtt.contract.events import AdapterKind, Direction, EventKind, Method, Outcome
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import AccessPointRecord, ConfigRecord, PortalRecord
from mqtt.contract.rollout import (
    HealthReport,
    RolloutRecord,
    Stage,
    TrialVerdict,
    open_health,
)
from mqtt.contract.topics import DocumentName, TopicKind
from tests.support.gate_link import GateLink
from tests.support.gate_log import GATE, GATE_SIGNER, SITE

WINDOW_MS = 20_000
CHECKS = {"lock:north": OK, "door:north": OK, "fire": OK, "reader:north-in:fob": OK}


def config(unlock_ms: int, rollout: RolloutRecord | None = None) -> dict[str, bytes]:
    point = AccessPointRecord("north", Direction.IN, (Method.FOB, Method.QR))
    records: dict[str, msgspec.Struct] = {
        "gate": ConfigRecord(),
        "portal:north": PortalRecord(unlock_ms=unlock_ms),
        "ap:north-in": point,
    }
    if rollout is not None:
        records["rollout"] = rollout
    return {key: codec.encode(record) for key, record in records.items()}


def on_trial(bundle: str = "r1") -> RolloutRecord:
    return RolloutRecord(bundle, Stage.TRIAL, WINDOW_MS)


def back(version: int, bundle: str = "r1") -> RolloutRecord:
    return RolloutRecord(bundle, Stage.ROLLED_BACK, WINDOW_MS, version)


class Link(GateLink):
    """A gate whose checks the test sets, with `north` configured to unlock for 5 s."""

    def __init__(self, artefacts: Artefacts | None = None) -> None:
        self.trial = TrialKeeper(MemoryShelf())
        self.checks = dict(CHECKS)
        super().__init__(trial=self.trial, checks=lambda: self.checks, artefacts=artefacts)
        self.start()
        self.publish_document(DocumentName.CONFIG, 1, config(5_000))
        self.run(2_000)

    @property
    def unlock_ms(self) -> int:
        return self.knowledge.rules.portal("north").unlock_ms

    def reports(self) -> list[HealthReport]:
        keys = {key_id(GATE_SIGNER.public_key): GATE_SIGNER.public_key}
        payloads = self.payloads(TopicKind.HEALTH)
        return [open_health(payload, SITE, GATE, keys) for payload in payloads]

    def decide(self, *, refused: int, granted: int) -> None:
        for outcome, count in ((Outcome.DENIED, refused), (Outcome.GRANTED, granted)):
            reason = ReasonCode.GRANTED
            kind = AdapterKind.SIMULATED
            record = Record(EventKind.DECISION, outcome, reason, kind, "north-in")
            self.trial.watch([record] * count)


def test_G13_a_healthy_trial_is_proven_by_an_opening_and_kept_by_a_newer_version() -> None:
    link = Link()
    link.publish_document(DocumentName.CONFIG, 2, config(7_000, on_trial()))
    link.run(WINDOW_MS + 3_000)
    assert link.reports()[-1].verdict is TrialVerdict.UNPROVEN
    assert link.reports()[-1].checks["lock:north"] == "unproven"
    link.checks["lock:north"] = MOVED
    link.run(1_000)
    link.checks["lock:north"] = OK
    link.run(6_000)
    last = link.reports()[-1]
    assert (last.verdict, last.version, last.bundle) == (TrialVerdict.HEALTHY, 2, "r1")
    assert set(last.checks.values()) == {"ok"}
    kept = RolloutRecord("r1", Stage.KEPT, WINDOW_MS)
    link.publish_document(DocumentName.CONFIG, 3, config(7_000, kept))
    count = len(link.reports())
    link.run(20_000)
    assert link.unlock_ms == 7_000
    assert len(link.reports()) == count


def test_G13_a_lock_that_does_not_follow_brings_the_old_configuration_back_in_seconds() -> None:
    link = Link()
    link.publish_document(DocumentName.CONFIG, 2, config(7_000, on_trial()))
    link.run(2_000)
    assert link.unlock_ms == 7_000
    fault = Record(
        EventKind.DOOR, Outcome.OBSERVED, ReasonCode.LOCK_FAULT, AdapterKind.SIMULATED, "north"
    )
    link.trial.watch([fault])
    link.run(1_000)
    assert link.unlock_ms == 5_000
    assert link.reports()[-1].failed == "lock:north"
    assert ("document", ReasonCode.ROLLED_BACK, "config 2 lock:north") in link.observed()


def test_G13_each_check_fails_a_trial_but_not_for_what_was_broken_before() -> None:
    for name in ("door:north", "fire", "reader:north-in:fob"):
        link = Link()
        link.publish_document(DocumentName.CONFIG, 2, config(7_000, on_trial()))
        link.run(2_000)
        link.checks[name] = "fault"
        link.run(6_000)
        assert (link.unlock_ms, link.reports()[-1].failed) == (5_000, name)
        link = Link()
        link.checks[name] = "fault"
        link.run(6_000)
        link.publish_document(DocumentName.CONFIG, 2, config(7_000, on_trial()))
        link.run(6_000)
        assert (link.unlock_ms, link.reports()[-1].checks[name]) == (7_000, "before")


def test_G13_three_times_as_many_refusals_fail_a_trial() -> None:
    link = Link()
    link.decide(refused=10, granted=90)
    link.publish_document(DocumentName.CONFIG, 2, config(7_000, on_trial()))
    link.run(2_000)
    link.decide(refused=5, granted=20)
    link.run(2_000)
    assert link.unlock_ms == 7_000
    link.decide(refused=10, granted=5)
    link.run(2_000)
    assert (link.unlock_ms, link.reports()[-1].failed) == (5_000, "refusals")
    assert (link.reports()[-1].decided, link.reports()[-1].refused) == (40, 15)


def test_G13_no_version_ever_falls_and_a_failed_bundle_is_not_tried_again() -> None:
    link = Link()
    link.publish_document(DocumentName.CONFIG, 2, config(7_000, on_trial()))
    link.run(2_000)
    link.checks["fire"] = "fault"
    link.run(6_000)
    assert link.trusted.versions()["config"][0] == 2
    link.publish_document(DocumentName.CONFIG, 3, config(8_000, on_trial()))
    link.run(3_000)
    assert (link.unlock_ms, link.trusted.versions()["config"][0]) == (5_000, 3)
    link.publish_document(DocumentName.CONFIG, 4, config(5_000, back(3)))
    link.checks["fire"] = OK
    link.run(3_000)
    assert (link.unlock_ms, link.trusted.versions()["config"][0]) == (5_000, 4)
    link.publish_document(DocumentName.CONFIG, 5, config(7_000, on_trial("r2")))
    link.run(3_000)
    assert link.unlock_ms == 7_000
    versions = [note for kind, reason, note in link.observed() if reason is ReasonCode.ADOPTED]
    assert [v for v in versions if v.startswith("config")] == [f"config {n}" for n in range(1, 6)]


def held(version: int, records: dict[str, bytes]) -> Held:
    return Held(version, digest_of(records), records)


def test_G13_a_configuration_that_ends_the_daemon_ends_after_three_starts(tmp_path: Path) -> None:
    shelf = FileShelf(tmp_path / "trial")
    before, after = held(1, config(5_000)), held(2, config(7_000, on_trial()))
    first = TrialKeeper(shelf)
    first.begin_boot()
    first.take(first.plan(before, after))
    documents = {DocumentName.CONFIG: after}
    for start in range(1, MOST_BOOTS + 1):
        keeper = TrialKeeper(shelf)
        keeper.begin_boot()
        chosen = keeper.chosen(documents)[DocumentName.CONFIG]
        assert chosen == (before if start >= MOST_BOOTS else after)
    again = TrialKeeper(shelf)
    again.begin_boot()
    assert again.is_back
    assert again.chosen(documents)[DocumentName.CONFIG] == before


def test_a_damaged_way_back_is_left_alone_and_the_newest_document_stands(tmp_path: Path) -> None:
    file = tmp_path / "trial"
    file.write_bytes(b"\x81half")
    keeper = TrialKeeper(FileShelf(file))
    keeper.begin_boot()
    after = held(2, config(7_000, on_trial()))
    assert keeper.chosen({DocumentName.CONFIG: after})[DocumentName.CONFIG] == after
    assert not keeper.is_back


def test_G12_a_bundle_of_a_wrong_signer_an_older_one_or_half_of_one_is_refused_whole() -> None:
    link = Link()
    link.publish_document(DocumentName.CONFIG, 3, config(6_000))
    link.run(2_000)
    honest = (link.unlock_ms, link.trusted.versions()["config"])
    stranger = Ed25519Signer.from_seed(b"x" * 32)
    link.publish_document(DocumentName.CONFIG, 9, config(9_000, on_trial()), signer=stranger)
    link.run(3_000)
    del link.wanted[DocumentName.CONFIG][9]
    assert (link.unlock_ms, link.trusted.versions()["config"]) == honest
    link.publish_document(DocumentName.CONFIG, 2, config(8_000, on_trial()))
    link.run(3_000)
    del link.wanted[DocumentName.CONFIG][2]
    assert (link.unlock_ms, link.trusted.versions()["config"]) == honest
    link.keep_back = 1
    link.publish_document(DocumentName.CONFIG, 4, big(7_000))
    link.run(10_000)
    assert (link.unlock_ms, link.trusted.versions()["config"]) == honest
    link.keep_back = 0
    link.run(10_000)
    assert link.unlock_ms == 7_000
    reasons = {reason for _, reason, _ in link.observed()}
    assert {ReasonCode.UNKNOWN_KEY, ReasonCode.ROLLBACK} <= reasons


def big(unlock_ms: int) -> dict[str, bytes]:
    """Return a configuration of more than one chunk."""
    many = {f"portal:d{at}": codec.encode(PortalRecord()) for at in range(400)}
    return {**many, **config(unlock_ms)}
