"""Every model of the wire goes there and back, inside the size limit, in one form."""

import json

import jsonschema  # type: ignore[import-untyped]  # publishes no types
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from equalgate.wire_models import MODELS, schema_of
from mqtt.contract import codec, presence
from mqtt.contract.errors import ContractError
from mqtt.contract.presence import Heartbeat
from tests.support.models import values_of

QUICK = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.parametrize("name", sorted(MODELS))
@given(data=st.data())
@QUICK
def test_every_model_goes_there_and_back(name: str, data: st.DataObject) -> None:
    model = MODELS[name]
    value = data.draw(values_of(model))
    encoded = codec.encode(value)
    decoded = codec.decode(encoded, model)
    assert decoded == value
    assert codec.encode(decoded) == encoded


@pytest.mark.parametrize("name", sorted(MODELS))
@given(data=st.data())
@QUICK
def test_every_value_obeys_the_published_schema(name: str, data: st.DataObject) -> None:
    value = data.draw(values_of(MODELS[name]))
    jsonschema.validate(json.loads(msgspec.json.encode(value)), schema_of(name))


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_model_is_frozen_and_refuses_unknown_fields(name: str) -> None:
    config = MODELS[name].__struct_config__
    assert config.frozen
    assert config.forbid_unknown_fields
    assert "additionalProperties" in json.dumps(schema_of(name)) or config.array_like


@pytest.mark.parametrize("name", sorted(MODELS))
@given(data=st.data())
@QUICK
def test_one_field_more_is_refused(name: str, data: st.DataObject) -> None:
    value = msgspec.to_builtins(data.draw(values_of(MODELS[name])), builtin_types=(bytes,))
    more = [*value, 1] if isinstance(value, list) else {**value, "new-field": 1}
    with pytest.raises(ContractError):
        codec.decode(codec.encode_plain(more), MODELS[name])


@given(values_of(Heartbeat))
def test_78_every_heartbeat_survives_the_release_before(beat: Heartbeat) -> None:
    older = presence.HeartbeatV2(
        **{name: getattr(beat, name) for name in presence.HeartbeatV2.__struct_fields__}
    )
    assert codec.decode(codec.encode(older), presence.HeartbeatV2) == older
