"""From a decision to the relay, over the real store, its writer thread and the performer."""

import asyncio
import sqlite3
import statistics
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edge.adapters.clock import SimClock
from edge.adapters.store import SqliteStore
from edge.domain.effects import Effect, Record, Reply, TellGates, TellMove, Unlock
from edge.domain.event_log import EventLog
from edge.domain.inputs import Input, RelayMoved
from edge.domain.model import Moment
from edge.domain.ports import Commit, Committed
from edge.gate.committer import Committer
from edge.gate.crash_points import no_crash
from edge.gate.disk import LoopBench, LoopDisk
from edge.gate.performer import Performer
from mqtt.contract.errors import EqualGateError, StorageError
from mqtt.contract.events import AdapterKind, EventKind, Method, Outcome
from mqtt.contract.reasons import ReasonCode
from tests.support.store_places import GATE, NOON_MS, SITE, moment

SIMULATED = AdapterKind.SIMULATED
GRANTED = Record(
    EventKind.DECISION,
    Outcome.GRANTED,
    ReasonCode.GRANTED,
    SIMULATED,
    access_point="north-in",
    method=Method.FOB,
)


class SlowStore(SqliteStore):
    """A disk whose commits take a while."""

    stall_s = 0.0

    def commit(self, work: Commit) -> Committed:
        time.sleep(self.stall_s)
        return super().commit(work)


class Relay:
    kind = SIMULATED

    def __init__(self) -> None:
        self.moved_s: list[float] = []
        self.moved = asyncio.Event()

    def unlock(self) -> None:
        self.moved_s.append(time.perf_counter())
        self.moved.set()

    def relock(self) -> None:
        return None


class Hall:
    """Stands for the loop and for the link."""

    def __init__(self) -> None:
        self.inputs: list[Input] = []
        self.replies: list[Reply] = []

    def put(self, item: Input) -> None:
        self.inputs.append(item)

    def belongs_open(self, portal: str) -> bool:
        return portal == "north"

    def wake_at(self, mono_ms: int) -> None:
        return None

    def list_age_s(self) -> int:
        return 0

    def committed(self, now: Moment) -> None:
        return None

    def tell_gates(self, effect: TellGates | TellMove, now: Moment) -> None:
        return None

    def reply(self, effect: Reply, now: Moment) -> None:
        self.replies.append(effect)


class Door:
    def __init__(self, folder: Path) -> None:
        self.store = SlowStore(folder / "gate.db", SITE, GATE, ballast_bytes=0)
        self.committer = Committer(self.store, SIMULATED, first_pause_s=0.02)
        self.relay, self.hall = Relay(), Hall()
        self.performer = Performer(
            clock=SimClock(NOON_MS),
            writer=self.committer,
            outside=self.hall,
            locks={"north": self.relay},
            indicators={},
            crash_point=no_crash,
        )

    async def attempt(self, *, wait_for_disk: bool = False) -> float:
        """Perform a granted attempt; return the seconds until the relay was commanded."""
        self.relay.moved.clear()
        unlock = Unlock("north", 5_000, wait_for_disk, "north-in", 900, Method.FOB)
        effects: tuple[Effect, ...] = (GRANTED, unlock)
        began = time.perf_counter()
        self.performer.perform(self.hall, moment(), 1, effects)
        await asyncio.wait_for(self.relay.moved.wait(), 10)
        return self.relay.moved_s[-1] - began


async def until(true: Callable[[], bool], limit_s: float = 10.0) -> None:
    end = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < end, "waited too long"
        await asyncio.sleep(0)


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


def play(door: Door, scene: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        door.committer.start()
        try:
            await scene()
        finally:
            door.committer.stop()

    asyncio.run(whole())


def test_a_decision_is_durable_before_the_relay_moves(door: Door) -> None:
    sizes: list[int] = []

    async def scene() -> None:
        for number in range(5):
            await door.attempt()
            sizes.append(door.store.heads()[-1].size - number)

    play(door, scene)
    assert sizes == [1] * 5


def test_with_a_disk_stalled_for_500_ms_the_relay_moves_within_60_and_all_is_durable_later(
    door: Door,
) -> None:
    times: list[float] = []

    async def scene() -> None:
        door.store.stall_s = 0.5
        times.extend([await door.attempt() for _ in range(3)])
        await until(lambda: len(moves(door)) == 3)

    play(door, scene)
    assert max(times) <= 0.06
    assert [move.cause_seq for move in moves(door)] == [0, 1, 2]
    assert door.store.open().size == 3
    door.store.close()


def moves(door: Door) -> list[RelayMoved]:
    return [item for item in door.hall.inputs if isinstance(item, RelayMoved)]


def test_what_consumes_a_use_waits_for_the_disk(door: Door) -> None:
    async def scene() -> None:
        door.store.stall_s = 0.3
        assert await door.attempt(wait_for_disk=True) >= 0.3
        assert door.store.heads()[-1].size == 1

    play(door, scene)


def test_F09_with_a_broken_disk_residents_enter_and_uses_are_refused(door: Door) -> None:
    async def scene() -> None:
        door.store._database.connection.execute("PRAGMA query_only=ON")
        assert await door.attempt() < 0.06
        unlock = Unlock("north", 5_000, True, "north-in", 900, Method.QR)
        reply = Reply(b"i" * 16, True, ReasonCode.REMOTE_OPEN)
        before = len(door.relay.moved_s)
        door.performer.perform(door.hall, moment(), 1, (GRANTED, unlock, reply))
        await until(lambda: bool(door.hall.replies))
        assert len(door.relay.moved_s) == before
        assert door.hall.replies[0].reason is ReasonCode.STORAGE_UNAVAILABLE

    play(door, scene)


def test_the_way_to_the_relay_costs_about_one_commit(door: Door, tmp_path: Path) -> None:
    """The target is twice a bare commit of the same run; shared machines get room for noise."""
    plain = sqlite3.connect(tmp_path / "plain.db", isolation_level=None)
    plain.execute("PRAGMA journal_mode=WAL")
    plain.execute("PRAGMA synchronous=FULL")
    plain.execute("CREATE TABLE events (key INTEGER PRIMARY KEY, leaf BLOB)")
    bare: list[float] = []
    ours: list[float] = []

    async def scene() -> None:
        for _ in range(300):
            began = time.perf_counter()
            plain.execute("INSERT INTO events (leaf) VALUES (zeroblob(200))")
            bare.append(time.perf_counter() - began)
            ours.append(await door.attempt())

    play(door, scene)
    plain.close()
    ratio = statistics.median(ours) / statistics.median(bare)
    print(f"bare commit {statistics.median(bare) * 1e3:.3f} ms, relay {ratio:.2f} x")
    assert ratio < 4


def test_the_loop_s_disk_and_bench_answer_on_the_loop(door: Door) -> None:
    answers: list[object] = []

    def broken(log: EventLog) -> int:
        raise StorageError(ReasonCode.DISK_FULL)

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        disk = LoopDisk(door.committer, loop)
        with ThreadPoolExecutor(1) as pool:
            bench = LoopBench(pool, loop)
            failures: list[EqualGateError] = []
            disk.ask(lambda log: log.heads()[-1].size, answers.append, failures.append)
            disk.ask(broken, answers.append, failures.append)
            bench.run(lambda: "worked", answers.append)
            assert answers == []
            await until(lambda: len(answers) == 2 and len(failures) == 1)
            assert sorted(map(str, answers)) == ["0", "worked"]
            assert failures[0].code is ReasonCode.DISK_FULL

    play(door, scene)
