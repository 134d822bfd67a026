"""Each known trap of libosdp 3.2.9, provoked on a pty against the real peripheral (H01-H03, H05).

Silences are real: the cable is cut. The library is never patched.
"""

import os
import time
from pathlib import Path

import pytest

from edge.adapters.osdp_keys import new_scbk
from edge.adapters.osdp_messages import (
    GRANTED,
    DowngradeCause,
    OfflineCause,
    OsdpCardRead,
    OsdpDowngrade,
    OsdpFault,
    OsdpFaultCode,
    OsdpKeys,
    OsdpOffline,
    OsdpOnline,
)
from edge.adapters.osdp_watch import OsdpSettings
from edge.adapters.sim.osdp_reader import SimOsdpReader, SimReaderMode
from edge.domain.card_formats import W26, encode
from tests.support.osdp import ADDRESS, Bench, bench

BACK_WITHIN_S = 2.0
QUICK_RETRY = OsdpSettings(refused_retry_ms=400)
CARD = encode(W26, number=1_234_567)
STALE = encode(W26, number=7_654_321)


def seconds_until_online(table: Bench) -> float:
    begun = time.monotonic()
    table.next_of(OsdpOnline, 10.0)
    return time.monotonic() - begun


def works(table: Bench) -> bool:
    table.skip()
    table.reader.present(CARD)
    return table.next_of(OsdpCardRead).bits == CARD


# The library notices silence after 8.4 s and then waits 300 s; 9.5 s reaches that state.
@pytest.mark.parametrize("cut_s", [3.0, 9.5])
def test_trap_offline_sulk_a_reader_is_back_within_two_seconds_of_the_cable(cut_s: float) -> None:
    with bench() as table:
        table.reader.cut()
        begun = time.monotonic()
        assert table.next_of(OsdpOffline, 4.0).cause is OfflineCause.SILENT
        assert time.monotonic() - begun < 3.0
        time.sleep(max(0.0, cut_s - (time.monotonic() - begun)))
        table.reader.join()
        assert seconds_until_online(table) < BACK_WITHIN_S
        assert len(table.seen(OsdpOffline)) == 1
        assert works(table)


def test_trap_line_noise_of_10_kB_is_survived() -> None:
    with bench() as table:
        for _ in range(100):
            table.reader.noise(100)
            time.sleep(0.002)
        time.sleep(0.3)
        if not table.bus.is_online(ADDRESS):
            assert seconds_until_online(table) < BACK_WITHIN_S
        assert works(table)


def test_trap_stale_outputs_nothing_asked_for_in_an_outage_is_shown_after_it() -> None:
    with bench() as table:
        table.reader.cut()
        for _ in range(41):
            table.bus.indicate(ADDRESS, GRANTED)
            time.sleep(0.08)
        table.reader.join()
        table.next_of(OsdpOnline)
        time.sleep(0.5)
        assert table.reader.indications == ()
        table.bus.indicate(ADDRESS, GRANTED)
        table.until(lambda: len(table.reader.indications) == 2)


def test_trap_stale_read_a_card_shown_to_a_cut_reader_opens_nothing_later() -> None:
    with bench() as table:
        table.reader.cut()
        table.reader.present(STALE)
        table.reader.press("1234#")
        time.sleep(3.2)
        table.reader.join()
        for _ in range(2):
            assert table.next_of(OsdpFault).code is OsdpFaultCode.READ_STALE
        table.next_of(OsdpOnline)
        assert not table.seen(OsdpKeys)
        assert works(table)
        assert [read.bits for read in table.seen(OsdpCardRead)] == [CARD]


def test_a_read_in_a_flicker_of_the_cable_is_young_and_arrives_once() -> None:
    with bench() as table:
        table.reader.cut()
        table.reader.present(CARD)
        time.sleep(0.4)
        table.reader.join()
        assert table.next_of(OsdpCardRead).bits == CARD
        time.sleep(0.5)
        assert len(table.seen(OsdpCardRead)) == 1
        assert not table.seen(OsdpOffline)


def test_reads_kept_by_a_reader_since_before_the_gate_started_are_dropped() -> None:
    with bench() as table:
        table.bus.stop()
        table.reader.present(STALE)
        time.sleep(0.2)
        table.bus.start()
        table.next_of(OsdpOnline)
        assert [fault.code for fault in table.seen(OsdpFault)] == [OsdpFaultCode.READ_STALE]
        assert works(table)


def test_H03_session_lost_again_and_again_loses_and_doubles_no_read_and_alarms_once() -> None:
    rounds = 12
    with bench() as table:
        for number in range(1, rounds + 1):
            table.reader.power_cycle()
            assert seconds_until_online(table) < BACK_WITHIN_S
            table.reader.present(encode(W26, number=number))
            table.next_of(OsdpCardRead)
        time.sleep(0.3)
        reads = [read.bits for read in table.seen(OsdpCardRead)]
        assert reads == [encode(W26, number=number) for number in range(1, rounds + 1)]
        assert [fault.code for fault in table.seen(OsdpFault)] == [OsdpFaultCode.UNSTABLE]


def test_H03_an_answer_lost_on_the_wire_doubles_no_read() -> None:
    with bench() as table:
        for number in range(1, 3):
            table.reader.cable.lose_answers(1)
            table.reader.present(encode(W26, number=number))
            time.sleep(1.6)
        reads = [read.bits for read in table.seen(OsdpCardRead)]
        assert len(reads) == len(set(reads))
        assert set(reads) <= {encode(W26, number=number) for number in range(1, 3)}
        assert works(table)


@pytest.mark.parametrize(
    ("mode", "cause"),
    [
        (SimReaderMode.INSTALL, DowngradeCause.FACTORY_KEY),
        (SimReaderMode.PLAINTEXT, DowngradeCause.NO_ENCRYPTION),
    ],
)
def test_H01_H02_a_reader_in_factory_state_is_refused_alarmed_once_and_never_rekeyed(
    mode: SimReaderMode, cause: DowngradeCause
) -> None:
    with bench(QUICK_RETRY, mode=mode) as table:
        assert table.next_of(OsdpDowngrade).cause is cause
        table.reader.present(CARD)
        time.sleep(1.2)
        assert len(table.seen(OsdpDowngrade)) == 1
        assert not table.seen(OsdpCardRead)
        assert not table.seen(OsdpOnline)
        table.reader.set_mode(SimReaderMode.SECURE)
        assert seconds_until_online(table) < BACK_WITHIN_S
        assert works(table)


def test_H02_a_working_reader_that_returns_in_factory_state_is_refused() -> None:
    with bench(QUICK_RETRY) as table:
        table.reader.set_mode(SimReaderMode.INSTALL)
        assert table.next_of(OsdpOffline).cause in (OfflineCause.LINK_ERROR, OfflineCause.REFUSED)
        assert table.next_of(OsdpDowngrade).cause is DowngradeCause.FACTORY_KEY
        time.sleep(1.0)
        assert not table.bus.is_online(ADDRESS)


def test_a_reader_with_another_key_is_refused_and_told_from_a_factory_one() -> None:
    with bench(QUICK_RETRY) as table:
        table.reader.set_key(new_scbk())
        assert table.next_of(OsdpDowngrade).cause is DowngradeCause.WRONG_KEY
        table.reader.present(CARD)
        time.sleep(0.6)
        assert not table.seen(OsdpCardRead)
        table.reader.set_key(table.key)
        assert seconds_until_online(table) < BACK_WITHIN_S


def test_H01_a_plain_card_read_put_on_the_wire_is_refused_with_an_alarm() -> None:
    with bench(QUICK_RETRY) as table:
        table.reader.cable.forge_plaintext_card(STALE)
        assert table.next_of(OsdpDowngrade).cause is DowngradeCause.PLAINTEXT
        assert not table.seen(OsdpCardRead)
        assert seconds_until_online(table) < BACK_WITHIN_S
        assert works(table)


def test_H05_a_reader_that_fell_back_to_address_1_is_reported_and_not_adopted() -> None:
    stray = SimOsdpReader(new_scbk(), 1)
    stray.start()
    stray.set_mode(SimReaderMode.INSTALL)
    try:
        with bench(
            OsdpSettings(search_after_ms=600), mode=SimReaderMode.INSTALL, path=stray.path
        ) as table:
            assert table.next_of(OsdpFault).code is OsdpFaultCode.FACTORY_ADDRESS
            stray.present(CARD)
            time.sleep(0.4)
            assert not table.seen(OsdpCardRead)
            assert not table.seen(OsdpOnline)
    finally:
        stray.stop()


def test_an_unplugged_adapter_is_reported_and_taken_again(tmp_path: Path) -> None:
    port = tmp_path / "port"
    key = new_scbk()
    first, second = SimOsdpReader(key, ADDRESS), SimOsdpReader(key, ADDRESS)
    port.symlink_to(first.path)
    with bench(path=os.fspath(port), own_reader=(first, key)) as table:
        first.stop()
        assert table.next_of(OsdpOffline).cause is OfflineCause.PORT_LOST
        port.unlink()
        port.symlink_to(second.path)
        second.start()
        assert seconds_until_online(table) < BACK_WITHIN_S
    second.stop()
