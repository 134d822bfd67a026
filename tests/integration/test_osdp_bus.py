"""OSDP over a pty against a real libosdp peripheral: the ordinary day, H06, what is shown."""

import ctypes
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from edge.adapters.osdp_bus import OsdpBus
from edge.adapters.osdp_keys import SCBK_DEFAULT, new_scbk
from edge.adapters.osdp_line import OsdpChannel, SerialLine
from edge.adapters.osdp_messages import (
    DENIED,
    GRANTED,
    LedColour,
    OsdpCardRead,
    OsdpFault,
    OsdpFaultCode,
    OsdpKeys,
    OsdpMessage,
    OsdpOffline,
    OsdpOnline,
    OsdpReader,
    OsdpTamper,
)
from edge.adapters.osdp_session import LinkChanged, OsdpSession, SessionEvent
from edge.adapters.osdp_wire import CAP_BUZZER, CAP_LED
from edge.domain.card_formats import H10304, W26, W34, encode
from mqtt.contract.errors import ConfigError
from tests.support.osdp import bench

ADDRESS = 5


def test_reader_is_online_within_a_second_of_start() -> None:
    with bench() as table:
        took_ms = table.seen(OsdpOnline)[0].mono_ms - table.started_ms
        assert took_ms <= 1_000


def test_A10_card_reads_arrive_bit_for_bit_and_p95_is_below_300_ms() -> None:
    cards = [encode(W34, number=n * 7919) for n in range(1, 15)]
    cards += [encode(W26, number=n) for n in range(1, 4)]
    cards += [encode(H10304, facility=666, number=n) for n in range(1, 4)]
    delays_ms = []
    with bench() as table:
        for card in cards:
            shown = time.monotonic()
            table.reader.present(card)
            read = table.next_of(OsdpCardRead)
            delays_ms.append((time.monotonic() - shown) * 1_000)
            assert read.bits == card
    assert sorted(delays_ms)[int(len(delays_ms) * 0.95)] <= 300


def test_keys_and_tamper_arrive_typed_and_without_digits_in_the_text() -> None:
    with bench() as table:
        table.reader.press("0815*#")
        keys = table.next_of(OsdpKeys)
        assert keys.digits == "0815*#"
        assert "0815" not in repr(keys)
        table.reader.tamper(is_open=True)
        assert table.next_of(OsdpTamper).is_open
        table.reader.tamper(is_open=False)
        assert not table.next_of(OsdpTamper).is_open


def test_indication_lights_and_beeps() -> None:
    with bench() as table:
        table.bus.indicate(ADDRESS, GRANTED)
        table.until(lambda: len(table.reader.indications) == 2)
        light, sound = table.reader.indications
        assert light.colour is LedColour.GREEN
        assert sound.beeps == 1
        table.bus.indicate(ADDRESS, DENIED)
        table.until(lambda: len(table.reader.indications) == 4)
        assert table.reader.indications[2].colour is LedColour.RED


def test_a_reader_without_lamp_stays_online_when_asked_to_light() -> None:
    with bench() as table:
        table.reader.set_lamp(is_fitted=False)
        table.next_of(OsdpOnline)
        before = len(table.messages)
        table.bus.indicate(ADDRESS, GRANTED)
        time.sleep(0.3)
        assert table.messages[before:] == []
        assert not table.reader.indications


def test_a_reader_that_refuses_its_lamp_is_not_asked_again() -> None:
    with bench() as table:
        table.reader.refuse_commands(is_stubborn=True)
        table.bus.indicate(ADDRESS, GRANTED)
        assert table.next_of(OsdpFault).code is OsdpFaultCode.COMMAND_REFUSED
        table.next_of(OsdpOnline)
        before = len(table.messages)
        for _ in range(3):
            table.bus.indicate(ADDRESS, DENIED)
            time.sleep(0.1)
        assert table.messages[before:] == []


def test_trap_stale_outputs_queued_commands_can_be_flushed() -> None:
    with bench() as table:
        table.bus.stop()
        line = SerialLine(table.reader.path, 9_600)
        line.open()
        session = OsdpSession(
            OsdpReader(ADDRESS, table.key), OsdpChannel(line, lambda: time.monotonic_ns() // 10**6)
        )
        session.restart()
        steps(session, lambda events: LinkChanged(is_up=True) in events)
        session.indicate(GRANTED, frozenset({CAP_LED, CAP_BUZZER}))
        assert session.drop_commands() == 2
        assert session.drop_commands() == 0
        steps(session, lambda _events: False, for_s=0.3)
        assert table.reader.indications == ()
        session.indicate(GRANTED, frozenset({CAP_LED, CAP_BUZZER}))
        steps(session, lambda _events: len(table.reader.indications) == 2)
        session.close()
        line.close()


def steps(
    session: OsdpSession, until: Callable[[list[SessionEvent]], bool], for_s: float = 2.0
) -> None:
    """Drive a session by hand until something holds or the time is over."""
    deadline, seen = time.monotonic() + for_s, list[SessionEvent]()
    while time.monotonic() < deadline:
        session.refresh()
        seen += session.events()
        if until(seen):
            return
        time.sleep(0.002)


def test_trap_deadlock_a_handler_may_call_back_into_the_bus() -> None:
    with bench() as table:
        table.on_message = lambda message: (
            table.bus.indicate(ADDRESS, GRANTED) if isinstance(message, OsdpCardRead) else None
        )
        for number in range(1, 4):
            table.reader.present(encode(W26, number=number))
            table.next_of(OsdpCardRead)
        table.until(lambda: table.reader.last_indication is not None)


def test_trap_deadlock_a_handler_may_stop_the_bus() -> None:
    with bench() as table:
        table.on_message = lambda _message: table.bus.stop()
        table.reader.present(encode(W26, number=1))
        table.next_of(OsdpCardRead)
        table.until(lambda: not _bus_threads())


def test_a_handler_that_fails_once_does_not_end_the_fobs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failures = [RuntimeError("the loop is closed")]

    def fail_once(message: OsdpMessage) -> None:
        if isinstance(message, OsdpCardRead) and failures:
            raise failures.pop()

    with bench() as table:
        table.on_message = fail_once
        table.reader.present(encode(W26, number=1))
        table.next_of(OsdpCardRead)
        time.sleep(0.8)
        table.reader.present(encode(W26, number=2))
        assert table.next_of(OsdpCardRead).bits == encode(W26, number=2)
    assert [record.message for record in caplog.records] == ["osdp_bus_restarts"]


def test_indications_from_many_threads_at_once_harm_nothing() -> None:
    with bench() as table:

        def ask_often() -> None:
            for _ in range(300):
                table.bus.indicate(ADDRESS, DENIED)

        callers = [threading.Thread(target=ask_often) for _ in range(4)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        table.bus.indicate(ADDRESS, GRANTED)
        table.until(lambda: LedColour.GREEN in [shown.colour for shown in table.reader.indications])
        assert not table.seen(OsdpOffline)


def test_H06_a_process_stalled_for_200_ms_keeps_its_readers() -> None:
    stall = ctypes.PyDLL(None).usleep  # holds the interpreter: every thread of the process stands
    with bench() as table:
        for number in range(1, 6):
            table.reader.present(encode(W26, number=number))
            stall(200_000)
            assert table.next_of(OsdpCardRead).bits == encode(W26, number=number)
        assert not table.seen(OsdpOffline)


def test_nothing_is_printed_and_no_card_reaches_a_log(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    with bench() as table:
        table.reader.present(encode(W34, number=5566453))
        table.next_of(OsdpCardRead)
        table.reader.power_cycle()
        table.next_of(OsdpOnline)
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")
    assert "5566453" not in caplog.text
    assert f"{5566453:x}" not in caplog.text.lower()


def test_two_buses_share_a_process() -> None:
    with bench() as one, bench() as other:
        one.reader.present(encode(W26, number=1))
        other.reader.present(encode(W26, number=2))
        assert one.next_of(OsdpCardRead).bits == encode(W26, number=1)
        assert other.next_of(OsdpCardRead).bits == encode(W26, number=2)


def test_stop_ends_the_thread_and_start_begins_again() -> None:
    with bench() as table:
        table.bus.stop()
        assert not _bus_threads()
        table.bus.stop()
        table.bus.start()
        table.next_of(OsdpOnline)
        with pytest.raises(RuntimeError, match="running"):
            table.bus.start()


@pytest.mark.parametrize(
    ("readers", "word"),
    [
        ([OsdpReader(ADDRESS, SCBK_DEFAULT)], "placeholder_secret"),
        ([OsdpReader(ADDRESS, bytes(16))], "placeholder_secret"),
        ([OsdpReader(ADDRESS, b"short")], "reader_key_missing"),
        ([OsdpReader(127, new_scbk())], "config_invalid"),
        ([OsdpReader(3, new_scbk()), OsdpReader(3, new_scbk())], "config_invalid"),
        ([], "config_invalid"),
    ],
)
def test_keys_and_addresses_that_cannot_be_used_are_refused(
    readers: list[OsdpReader], word: str
) -> None:
    bus = OsdpBus("/dev/null", readers, lambda _message: None)
    with pytest.raises(ConfigError, match=word):
        bus.start()


def test_a_speed_that_osdp_does_not_know_is_refused() -> None:
    with pytest.raises(ConfigError, match="baud 300"):
        OsdpBus("/dev/null", [], lambda _message: None, baud=300)


def test_an_unknown_address_is_a_mistake_of_the_caller() -> None:
    with bench() as table, pytest.raises(RuntimeError, match="address 99"):
        table.bus.indicate(99, GRANTED)


def test_a_key_stays_out_of_representations() -> None:
    key = new_scbk()
    assert repr(OsdpReader(1, key)) == "OsdpReader(address=1)"


_PRINT_CHALLENGE = """
from tests.support.osdp import first_challenge
print(first_challenge().hex())
"""


def test_no_two_starts_of_a_gate_send_the_same_challenge() -> None:
    challenges = {
        subprocess.run(
            [sys.executable, "-c", _PRINT_CHALLENGE], capture_output=True, text=True, check=True
        ).stdout
        for _ in range(3)
    }
    assert len(challenges) == 3
    assert all(len(challenge.strip()) == 16 for challenge in challenges)


def _bus_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "osdp-bus"]
