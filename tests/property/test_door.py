"""Whatever happens in whatever order, the door machine keeps its rules."""

from hypothesis import given
from hypothesis import strategies as st

from edge.domain.door import step_door
from edge.domain.door_model import (
    Closed,
    DoorInput,
    DoorState,
    DriveLock,
    Elapsed,
    EndFree,
    Exit,
    Fire,
    FireReset,
    Free,
    Grant,
    Lockdown,
    LockReported,
    Opened,
    Tamper,
    TamperCleared,
    WakeDoor,
    lock_open,
)
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import PortalRecord

_ITEMS: st.SearchStrategy[DoorInput] = st.one_of(
    st.builds(Grant, st.integers(1_000, 60_000)),
    st.just(Opened()),
    st.just(Closed()),
    st.builds(Exit, st.booleans()),
    st.builds(Fire, st.booleans()),
    st.just(FireReset()),
    st.builds(Free, st.integers(0, 10**6), st.just(ReasonCode.HOLD_OPEN)),
    st.just(EndFree()),
    st.builds(Lockdown, st.booleans()),
    st.builds(LockReported, st.booleans()),
    st.builds(Tamper, st.booleans()),
    st.just(TamperCleared()),
    st.just(Elapsed()),
)
_SCRIPTS = st.lists(st.tuples(st.integers(0, 40_000), _ITEMS), max_size=40)
_SETTINGS = st.builds(PortalRecord, relock_on_close=st.booleans())


def _run(script: list[tuple[int, DoorInput]], settings: PortalRecord) -> tuple[DoorState, int]:
    """Feed the script and check after each step that the lock was driven where it belongs."""
    state, now_ms, lock_is_open = DoorState(), 0, False
    for wait_ms, item in script:
        now_ms += wait_ms
        state, outputs = step_door(state, settings, item, now_ms)
        for output in outputs:
            if isinstance(output, DriveLock):
                lock_is_open = output.open
            if isinstance(output, WakeDoor):
                assert output.mono_ms > now_ms
        assert lock_is_open == lock_open(state)
        if state.fire:
            assert lock_is_open
        if isinstance(item, Exit) and item.pressed and state.exit_ms == now_ms:
            assert lock_is_open
    return state, now_ms


@given(_SCRIPTS, _SETTINGS)
def test_the_lock_is_always_driven_where_the_state_says(
    script: list[tuple[int, DoorInput]], settings: PortalRecord
) -> None:
    _run(script, settings)


@given(_SCRIPTS, _SETTINGS)
def test_fire_frees_the_door_in_one_step_from_any_state(
    script: list[tuple[int, DoorInput]], settings: PortalRecord
) -> None:
    state, now_ms = _run(script, settings)
    state, _ = step_door(state, settings, Fire(active=True), now_ms)
    assert lock_open(state)


@given(_SCRIPTS, _SETTINGS)
def test_a_closed_door_without_a_lasting_cause_locks_again(
    script: list[tuple[int, DoorInput]], settings: PortalRecord
) -> None:
    state, now_ms = _run(script, settings)
    for item in (Fire(active=False), FireReset(), EndFree(), Opened(), Closed(), Elapsed()):
        now_ms += 100_000
        state, _ = step_door(state, settings, item, now_ms)
    assert not lock_open(state)
