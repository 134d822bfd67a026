"""What is seen of OSDP frames, and what is judged of a reader from it; no device, no clock."""

import pytest

from edge.adapters.osdp_keys import (
    SCBK_DEFAULT,
    SCBK_SIZE,
    answers_with,
    check_scbk,
    new_scbk,
)
from edge.adapters.osdp_messages import (
    DowngradeCause,
    OfflineCause,
    OsdpDowngrade,
    OsdpFault,
    OsdpFaultCode,
    OsdpMessage,
    OsdpOffline,
    OsdpOnline,
)
from edge.adapters.osdp_watch import OsdpSettings, ReaderWatch, Recovery
from edge.adapters.osdp_wire import (
    CMD_CAP,
    CMD_CHLNG,
    CMD_POLL,
    REPLY_ACK,
    REPLY_CCRYPT,
    REPLY_NAK,
    REPLY_PDCAP,
    Exchange,
    Frame,
    WireTap,
    build_frame,
    parse_frame,
)
from mqtt.contract.errors import ConfigError

# Recorded on a pty between two libosdp ends: a poll and its "nothing to report", both with MAC.
POLL = bytes.fromhex("ff53050e000d021560a0b0d938ac8c")
NOTHING = bytes.fromhex("53850e000d021640d8153188486c")


def frame(
    code: int, *, secured: bool = True, is_reply: bool = False, payload: bytes = b""
) -> Frame:
    security = bytes([0x16 if is_reply else 0x15]) if secured else b""
    return Frame(5, is_reply, 0x0D, security, code, payload)


def pair(command: int, reply: int, *, secured: bool = True, both: bool = True) -> Exchange:
    return Exchange(
        frame(command, secured=secured), frame(reply, secured=secured and both, is_reply=True)
    )


EMPTY = pair(CMD_POLL, REPLY_ACK)
CARD = pair(CMD_POLL, 0x50)


def online(settings: OsdpSettings | None = None, at_ms: int = 1_000) -> ReaderWatch:
    watch = ReaderWatch(5, settings or OsdpSettings())
    watch.started(at_ms - 100)
    watch.linked()
    assert watch.exchanged(EMPTY, at_ms) == [OsdpOnline(5, at_ms)]
    assert watch.exchanged(EMPTY, at_ms + 50) == []
    return watch


def test_recorded_frames_are_paired() -> None:
    tap = WireTap()
    tap.sent(POLL)
    assert tap.received(NOTHING[:5]) is None
    exchange = tap.received(NOTHING[5:])
    assert exchange is not None
    assert exchange.proves_nothing_waits
    assert not tap.is_waiting
    assert tap.received(NOTHING) is None


@pytest.mark.parametrize("noise", [b"\x00\x53\xff", b"\x53" * 9, b"\x53\x85\x0e\x00"])
def test_an_answer_is_found_behind_noise(noise: bytes) -> None:
    tap = WireTap()
    tap.sent(POLL)
    assert tap.received(noise + NOTHING) is not None


def test_a_damaged_or_foreign_answer_is_none() -> None:
    tap = WireTap()
    tap.sent(POLL)
    assert tap.received(NOTHING[:-1] + b"\x00") is None
    tap.sent(POLL)
    assert tap.received(build_frame(6, REPLY_ACK, is_reply=True)) is None
    tap.sent(POLL)
    assert tap.received(build_frame(5, REPLY_ACK)) is None


def test_frames_are_built_as_they_are_read() -> None:
    built = parse_frame(build_frame(1, CMD_CAP, b"\x00", sequence=2))
    assert built == Frame(1, False, 0x06, b"", CMD_CAP, b"\x00")
    assert parse_frame(bytes.fromhex("ff530509000461 00c125")) == parse_frame(
        build_frame(5, 0x61, b"\x00")
    )


def test_a_checksum_instead_of_a_crc_is_understood() -> None:
    body = bytes([0x53, 0x85, 7, 0, 0x00, REPLY_ACK])
    assert parse_frame(body + bytes([-sum(body) & 0xFF])) == Frame(5, True, 0, b"", REPLY_ACK, b"")


def test_keys_are_drawn_and_judged() -> None:
    drawn = {new_scbk() for _ in range(50)}
    assert len(drawn) == 50
    assert {len(key) for key in drawn} == {SCBK_SIZE}
    for key in drawn:
        check_scbk(1, key)
    for bad in (b"", bytes(15), SCBK_DEFAULT, b"\x07" * 16):
        with pytest.raises(ConfigError) as caught:
            check_scbk(1, bad)
        assert "address 1" in caught.value.detail


def test_the_answer_to_a_challenge_tells_the_key_it_was_made_with() -> None:
    # Recorded on a pty from a libosdp peripheral in install mode, which holds a key of zeros.
    challenge = frame(CMD_CHLNG, payload=bytes.fromhex("d764c8cce93255c4"), secured=False)
    answer = frame(
        REPLY_CCRYPT,
        payload=bytes.fromhex("0100010001000000 478d7aa05d83f3ea ea0a1be29d5ea29c12e3ea262d2a4af8"),
        is_reply=True,
    )
    seen = Exchange(challenge, answer)
    assert answers_with(bytes(16), seen)
    assert not answers_with(SCBK_DEFAULT, seen)
    assert not answers_with(new_scbk(), seen)
    assert not answers_with(bytes(16), EMPTY)
    short = Exchange(challenge, frame(REPLY_CCRYPT, payload=b"\x01", is_reply=True))
    assert not answers_with(bytes(16), short)


def test_online_is_said_once_link_and_empty_reader_are_both_there() -> None:
    watch = ReaderWatch(5, OsdpSettings())
    watch.started(0)
    assert watch.exchanged(EMPTY, 10) == []
    watch.linked()
    assert watch.exchanged(CARD, 60) == []
    assert not watch.is_online
    assert watch.exchanged(EMPTY, 110) == [OsdpOnline(5, 110)]


def test_a_read_is_as_young_as_the_last_empty_poll() -> None:
    watch = online(at_ms=1_000)
    assert watch.accepts_read(3_500)
    assert not watch.accepts_read(3_551)


def test_no_read_is_accepted_before_the_first_empty_poll() -> None:
    watch = ReaderWatch(5, OsdpSettings())
    watch.started(0)
    watch.linked()
    watch.exchanged(CARD, 10)
    assert not watch.accepts_read(10)


def test_a_forged_empty_poll_that_ends_the_session_proves_nothing() -> None:
    watch = online(at_ms=1_000)
    watch.exchanged(CARD, 1_100)
    watch.exchanged(EMPTY, 9_000)
    watch.unlinked(9_001)
    watch.linked()
    watch.exchanged(CARD, 9_100)
    assert not watch.accepts_read(9_100)


def test_a_short_loss_of_the_session_keeps_the_proof() -> None:
    watch = online(at_ms=1_000)
    watch.unlinked(1_100)
    watch.started(1_100)
    watch.linked()
    watch.exchanged(CARD, 1_300)
    assert watch.accepts_read(1_300)


def test_silence_is_an_outage_said_once_and_the_session_starts_anew() -> None:
    watch = online(at_ms=1_000)
    assert watch.look(3_549) == (Recovery.NONE, [])
    assert watch.look(3_550) == (
        Recovery.RESTART,
        [OsdpOffline(5, OfflineCause.SILENT, 3_550)],
    )
    assert watch.look(60_000) == (Recovery.NONE, [])


def test_a_reader_that_was_never_there_is_said_to_be_away() -> None:
    watch = ReaderWatch(5, OsdpSettings())
    watch.started(0)
    said = [watch.look(at_ms) for at_ms in range(0, 5_000, 100)]
    messages = [message for _, some in said for message in some]
    assert messages == [OsdpOffline(5, OfflineCause.SILENT, 2_500)]


def test_the_librarys_pause_ends_at_once_or_after_the_retry_pause_if_refused() -> None:
    watch = online()
    assert watch.unlinked(2_000) == [OsdpOffline(5, OfflineCause.LINK_ERROR, 2_000)]
    assert watch.look(2_000)[0] is Recovery.REVIVE
    assert watch.look(2_001)[0] is Recovery.NONE
    watch.exchanged(pair(CMD_CHLNG, REPLY_CCRYPT, secured=False), 2_100)
    assert watch.unlinked(2_100) == [OsdpDowngrade(5, DowngradeCause.WRONG_KEY, 2_100)]
    assert watch.look(7_099)[0] is Recovery.NONE
    assert watch.look(7_100)[0] is Recovery.REVIVE


@pytest.mark.parametrize(
    ("last", "cause"),
    [
        (pair(CMD_CAP, REPLY_PDCAP, secured=False), DowngradeCause.NO_ENCRYPTION),
        (pair(CMD_CHLNG, REPLY_NAK, secured=False), DowngradeCause.NO_ENCRYPTION),
        (
            Exchange(
                frame(CMD_CHLNG, secured=False),
                Frame(5, True, 0x0E, b"\x12\x00", REPLY_CCRYPT, bytes(32)),
            ),
            DowngradeCause.FACTORY_KEY,
        ),
        (pair(CMD_POLL, 0x50, both=False), DowngradeCause.PLAINTEXT),
        (pair(CMD_POLL, REPLY_NAK, both=False), None),
        (EMPTY, None),
    ],
)
def test_H01_the_last_answer_tells_why_a_reader_was_refused(
    last: Exchange, cause: DowngradeCause | None
) -> None:
    watch = ReaderWatch(5, OsdpSettings())
    watch.started(0)
    watch.exchanged(last, 100)
    said = [message for message in watch.unlinked(101) if isinstance(message, OsdpDowngrade)]
    assert said == ([] if cause is None else [OsdpDowngrade(5, cause, 101)])
    again = watch.unlinked(200)
    assert not again


def test_H03_more_than_five_losses_in_an_hour_are_one_alarm_per_hour() -> None:
    watch, said = ReaderWatch(5, OsdpSettings()), list[OsdpMessage]()
    for minute in range(120):
        now_ms = minute * 60_000
        watch.started(now_ms)
        watch.linked()
        watch.exchanged(EMPTY, now_ms + 10)
        said += watch.unlinked(now_ms + 20)
    faults = [message for message in said if isinstance(message, OsdpFault)]
    assert [fault.code for fault in faults] == [OsdpFaultCode.UNSTABLE] * 2
    assert faults[0].mono_ms == 5 * 60_000 + 20


def test_H03_five_losses_in_an_hour_are_none() -> None:
    watch = ReaderWatch(5, OsdpSettings())
    for loss in range(24):
        now_ms = loss * 721_000
        watch.started(now_ms)
        watch.linked()
        watch.exchanged(EMPTY, now_ms + 10)
        assert not [m for m in watch.unlinked(now_ms + 20) if isinstance(m, OsdpFault)]
