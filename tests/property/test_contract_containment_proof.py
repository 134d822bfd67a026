"""The containment proof agrees, minute by minute, with how gates read schedules."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.domain.schedule import is_active
from mqtt.contract.containment_proof import AccessClass, prove
from mqtt.contract.records import DayKind, ScheduleRecord, WindowRecord

MONDAY = date(2026, 11, 16)
CONFIG: dict[str, Any] = {
    "ap:door-in": {"methods": ["face", "fob", "guard", "qr"]},
    "gate": {"zone": "UTC"},
}
MINUTES = st.sampled_from([0, 1, 360, 719, 720, 1_080, 1_439])

windows = st.builds(
    WindowRecord,
    st.lists(st.integers(0, 6), min_size=1, max_size=7, unique=True).map(tuple),
    MINUTES,
    st.sampled_from([1, 361, 720, 1_081, 1_440]),
    st.booleans(),
)
schedules = st.one_of(
    st.just(ScheduleRecord(always=True)),
    st.builds(ScheduleRecord, st.lists(windows, max_size=3).map(tuple)),
)


def policy_of(face: ScheduleRecord, other: ScheduleRecord) -> dict[str, Any]:
    plain: dict[str, Any] = {
        f"level:{name}": {"grants": [{"access_points": ["door-in"], "schedule": name}]}
        for name in ("face", "other")
    }
    plain["schedule:face"] = msgspec.to_builtins(face)
    plain["schedule:other"] = msgspec.to_builtins(other)
    return plain


def reaches_further(
    face: ScheduleRecord, other: ScheduleRecord, calendar: dict[str, DayKind]
) -> bool:
    start = datetime(2026, 11, 16, tzinfo=UTC)
    return any(
        is_active(face, at_ms, UTC, calendar) and not is_active(other, at_ms, UTC, calendar)
        for minute in range(8 * 1_440)
        for at_ms in [int((start + timedelta(minutes=minute)).timestamp() * 1000)]
        if minute % 1_440 in {0, 1, 359, 360, 361, 718, 719, 720, 1_079, 1_080, 1_081, 1_438, 1_439}
    )


@settings(max_examples=60, deadline=None)
@given(schedules, schedules, st.lists(st.sampled_from([None, *DayKind]), min_size=9, max_size=9))
def test_NS03_what_a_gate_would_open_for_a_face_only_is_found(
    face: ScheduleRecord, other: ScheduleRecord, kinds: list[DayKind | None]
) -> None:
    one = AccessClass(("face",), (("fob", ("other",)),))
    proof = prove(CONFIG, policy_of(face, other), [one])
    calendar = {
        (MONDAY + timedelta(days=at - 1)).isoformat(): kind
        for at, kind in enumerate(kinds)
        if kind is not None
    }
    if reaches_further(face, other, calendar):
        assert proof["beyond"] > 0
    if proof["beyond"] == 0:
        assert not reaches_further(face, other, {})


@given(schedules)
def test_NS03_equal_levels_are_contained_and_a_way_that_is_not_fitted_counts_for_nothing(
    same: ScheduleRecord,
) -> None:
    policy = policy_of(same, same)
    equal = AccessClass(("face",), (("qr", ("other",)),))
    assert prove(CONFIG, policy, [equal])["beyond"] == 0
    only_fob: dict[str, Any] = {"ap:door-in": {"methods": ["face", "fob"]}}
    proof = prove(only_fob, policy, [equal])
    opens = same.always or bool(same.windows)
    assert (proof["beyond"] > 0) == opens
    assert AccessClass.from_plain(proof["classes"][0]) == equal


def test_the_proof_of_a_point_without_face_is_empty() -> None:
    proof = prove({"ap:door-in": {"methods": ["qr"]}}, {}, [AccessClass(("a",), ())])
    assert proof["points"] == []
    assert proof["beyond"] == 0
