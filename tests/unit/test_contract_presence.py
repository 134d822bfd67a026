"""Which births and heartbeats are believed: deadlines of commands stand on them."""

import pytest

from equalgate import contract_samples as sample
from mqtt.contract import envelope, presence
from mqtt.contract.envelope import key_id
from mqtt.contract.errors import ContractError
from mqtt.contract.presence import PresenceTracker
from mqtt.contract.reasons import ReasonCode

SIGNER = sample.signer("gate")
OTHER_BOOT = bytes(range(16, 32))


def tracker() -> PresenceTracker:
    public_key = SIGNER.public_key
    return PresenceTracker(sample.SITE, sample.GATE, {key_id(public_key): public_key})


def birth(**changes: object) -> bytes:
    return presence.seal_birth(sample.birth(**changes), SIGNER)


def beat(**changes: object) -> bytes:
    return presence.seal_heartbeat(sample.heartbeat(**changes), SIGNER)


def birth_code(heard: PresenceTracker, data: bytes) -> ReasonCode:
    with pytest.raises(ContractError) as caught:
        heard.hear_birth(data)
    return caught.value.code


def beat_code(heard: PresenceTracker, data: bytes) -> ReasonCode:
    with pytest.raises(ContractError) as caught:
        heard.hear_heartbeat(data)
    return caught.value.code


def test_a_recorded_birth_is_refused() -> None:
    heard = tracker()
    first = birth()
    heard.hear_birth(first)
    assert birth_code(heard, first) is ReasonCode.OLD_BOOT
    heard.hear_birth(birth(boot_id=OTHER_BOOT, boot_counter=6))
    assert birth_code(heard, first) is ReasonCode.OLD_BOOT
    assert birth_code(heard, birth(mono_ms=999_999)) is ReasonCode.OLD_BOOT


def test_a_birth_of_another_boot_needs_a_higher_counter() -> None:
    heard = tracker()
    heard.hear_birth(birth())
    for counter in (4, 5):
        forged = birth(boot_id=OTHER_BOOT, boot_counter=counter, mono_ms=5_000)
        assert birth_code(heard, forged) is ReasonCode.OLD_BOOT


def test_a_reconnect_of_the_same_boot_is_believed_if_its_time_rises() -> None:
    heard = tracker()
    heard.hear_birth(birth())
    heard.hear_heartbeat(beat(mono_ms=16_000))
    assert birth_code(heard, birth(mono_ms=16_000)) is ReasonCode.OLD_BOOT
    assert heard.hear_birth(birth(mono_ms=16_001)).mono_ms == 16_001


def test_a_recorded_heartbeat_is_refused() -> None:
    heard = tracker()
    heard.hear_birth(birth())
    recorded = beat(mono_ms=16_000)
    heard.hear_heartbeat(recorded)
    heard.hear_heartbeat(beat(mono_ms=31_000))
    assert beat_code(heard, recorded) is ReasonCode.OLD_BOOT
    heard.hear_birth(birth(boot_id=OTHER_BOOT, boot_counter=6))
    assert beat_code(heard, beat(mono_ms=46_000)) is ReasonCode.OLD_BOOT


def test_a_heartbeat_before_any_birth_is_refused() -> None:
    assert beat_code(tracker(), beat()) is ReasonCode.OLD_BOOT


def test_a_forged_heartbeat_is_refused_and_changes_nothing() -> None:
    heard = tracker()
    heard.hear_birth(birth())
    forged = presence.seal_heartbeat(sample.heartbeat(mono_ms=10**9), sample.signer("guard"))
    assert beat_code(heard, forged) is ReasonCode.UNKNOWN_KEY
    opened = envelope.peek(beat(mono_ms=20_000))
    relabelled = envelope.seal(presence.BIRTH_TYPE, 1, opened.body, SIGNER)
    assert beat_code(heard, relabelled) is ReasonCode.WRONG_TYPE
    assert heard.hear_heartbeat(beat(mono_ms=16_000)).mono_ms == 16_000


def test_another_gate_or_site_is_refused() -> None:
    heard = tracker()
    for changes in ({"gate": "gate-south"}, {"site": "another-site"}):
        assert birth_code(heard, birth(**changes)) is ReasonCode.WRONG_AUDIENCE
    heard.hear_birth(birth())
    assert beat_code(heard, beat(gate="gate-south")) is ReasonCode.WRONG_AUDIENCE


def test_after_a_restart_of_the_controller_a_recorded_birth_stays_refused() -> None:
    recorded = birth()
    heard = tracker()
    heard.restore(OTHER_BOOT, 6, 40_000)
    assert birth_code(heard, recorded) is ReasonCode.OLD_BOOT
    assert heard.hear_heartbeat(beat(boot_id=OTHER_BOOT, mono_ms=40_001)).mono_ms == 40_001


def test_unknown_versions_are_refused() -> None:
    heard = tracker()
    body = envelope.peek(birth()).body
    newer = envelope.seal(presence.BIRTH_TYPE, 2, body, SIGNER)
    assert birth_code(heard, newer) is ReasonCode.VERSION_UNSUPPORTED
    heard.hear_birth(birth())
    body = envelope.peek(beat()).body
    for version in (1, 4):
        data = envelope.seal(presence.HEARTBEAT_TYPE, version, body, SIGNER)
        assert beat_code(heard, data) is ReasonCode.VERSION_UNSUPPORTED
    for version in (1, 4):
        with pytest.raises(ContractError):
            presence.seal_heartbeat(sample.heartbeat(), SIGNER, version)
