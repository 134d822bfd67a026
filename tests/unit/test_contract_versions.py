"""Protocol case 78: N-1 and N speak to each other, both ways."""

import msgspec
import pytest

from equalgate import contract_samples as sample
from mqtt.contract import codec, envelope, presence, versions
from mqtt.contract.envelope import key_id
from mqtt.contract.errors import ContractError
from mqtt.contract.presence import HEARTBEAT_TYPE, Heartbeat, HeartbeatV2
from mqtt.contract.reasons import ReasonCode

SIGNER = sample.signer("gate")
KEYS = {key_id(SIGNER.public_key): SIGNER.public_key}


def heard_by_us(data: bytes) -> Heartbeat:
    tracker = presence.PresenceTracker(sample.SITE, sample.GATE, KEYS)
    tracker.hear_birth(presence.seal_birth(sample.birth(), SIGNER))
    return tracker.hear_heartbeat(data)


def heard_by_the_release_before(data: bytes) -> HeartbeatV2:
    """Read as release N-1 did: version 2 only, its own model."""
    opened = envelope.open_envelope(data, HEARTBEAT_TYPE, KEYS)
    if opened.version != 2:
        raise ContractError(ReasonCode.VERSION_UNSUPPORTED)
    return codec.decode(opened.body, HeartbeatV2)


def test_78_an_old_gate_is_read_by_a_new_controller() -> None:
    names = HeartbeatV2.__struct_fields__
    beat = sample.heartbeat(face_state="suspended")
    old = HeartbeatV2(**{name: getattr(beat, name) for name in names})
    data = envelope.seal(HEARTBEAT_TYPE, 2, codec.encode(old), SIGNER)
    assert heard_by_us(data) == sample.heartbeat(face={}, face_state="not_installed")


def test_78_a_new_gate_speaks_to_an_old_controller() -> None:
    beat = sample.heartbeat(face_state="suspended")
    for announced in (None, {HEARTBEAT_TYPE: 2}):
        version = versions.choose(HEARTBEAT_TYPE, announced)
        heard = heard_by_the_release_before(presence.seal_heartbeat(beat, SIGNER, version))
        assert heard.mono_ms == beat.mono_ms
        assert not hasattr(heard, "face")


def test_78_new_and_new_use_the_newest() -> None:
    version = versions.choose(HEARTBEAT_TYPE, versions.READS)
    assert version == 3
    beat = sample.heartbeat(face_state="suspended")
    data = presence.seal_heartbeat(beat, SIGNER, version)
    assert heard_by_us(data) == beat
    with pytest.raises(ContractError):
        heard_by_the_release_before(data)


def test_a_version_2_body_with_a_field_of_version_3_is_refused() -> None:
    body = codec.encode(sample.heartbeat())
    with pytest.raises(ContractError) as caught:
        heard_by_us(envelope.seal(HEARTBEAT_TYPE, 2, body, SIGNER))
    assert caught.value.code is ReasonCode.WRONG_SHAPE


def test_a_peer_two_releases_ahead_still_gets_what_both_know() -> None:
    assert versions.choose(HEARTBEAT_TYPE, {HEARTBEAT_TYPE: 4}) == 3
    for announced in ({HEARTBEAT_TYPE: 5}, {HEARTBEAT_TYPE: 1}, {}):
        with pytest.raises(ContractError) as caught:
            versions.choose(HEARTBEAT_TYPE, announced)
        assert caught.value.code is ReasonCode.VERSION_UNSUPPORTED


def test_every_type_announces_what_it_reads_and_writes() -> None:
    for type_, newest in versions.READS.items():
        assert newest >= 1
        assert versions.WRITES[type_][-1] == newest
        assert versions.choose(type_, None) == max(1, newest - 1)


def test_every_model_refuses_unknown_fields() -> None:
    for model in (Heartbeat, HeartbeatV2, presence.Birth):
        assert issubclass(model, msgspec.Struct)
        assert model.__struct_config__.forbid_unknown_fields
