import ast
import dataclasses
import json
import typing
from pathlib import Path

import pytest

import edge
from edge import worker_wire as wire

MESSAGES: list[wire.Message] = [
    wire.Hello("qr", 1, "simulated", ("zxing", "pyzbar")),
    wire.QrSeen("ap-1", "AC1:ABC 123", "zxing", 10, 12),
    wire.QrRefused("ap-1", "too_long", "serial", 10, 12),
    wire.Presence("ap-1", 10),
    wire.WorkerHealth("ap-1", 3, 2, 1, None, "live"),
    wire.WorkerHealth("ap-1", 3, 2, 1, 99, "faulted"),
    wire.ReaderFault("ap-1", "camera_lost"),
    wire.CommandRefused("ap-1", "source_is_real"),
    wire.Welcome(1),
    wire.ShowSource("ap-1", "/tmp/通行码.png"),
    wire.Ping(7),
    wire.Pong(7),
    wire.Stop(),
    wire.FaceArm("ap-1", 8000),
    wire.FaceDisarm("ap-1"),
    wire.FaceAllow("MFRGGZDFMZTWQ", 1_800_000_000_000),
    wire.FaceRevoke("MFRGGZDFMZTWQ"),
    wire.FaceResult("ap-1", "identified", "MFRGGZDFMZTWQ", "ok"),
    wire.FaceResult("ap-1", "refused", None, "no_match"),
    wire.FaceNarrow("ap-1", ("MFRGGZDFMZTWQ",)),
    wire.FaceEraseAll(),
    wire.FaceListStored(),
    wire.FaceEnrol("ap-1", "MFRGGZDFMZTWQ", 8000),
    wire.FaceEnrolStop("ap-1"),
    wire.FaceState("off", "not_installed", None, "absent", "file", 0, 0, 0),
    wire.FaceEnrolProgress("ap-1", "MFRGGZDFMZTWQ", 2, 5, "open"),
    wire.FaceEnrolled("ap-1", "MFRGGZDFMZTWQ", 3, "a" * 64, ("b" * 64,) * 3),
    wire.FaceEnrolEnded("ap-1", "MFRGGZDFMZTWQ", "stopped"),
    wire.FaceErased("MFRGGZDFMZTWQ", 3, ("b" * 64,) * 3, 1_800_000_000_000),
    wire.FaceStored(("MFRGGZDFMZTWQ",), 0),
    wire.FaceCounters("entry", 1, 2, 3, 4, 5, 6),
    wire.FaceCalibration(
        "a" * 64, 40, 120, 0, "centred", "b" * 64, 5000, 5100, 3000, None, 1700, 4000, None, None
    ),
    wire.FaceHint("ap-1", "come_closer"),
]
SEEN: dict[str, object] = {
    "t": "qr_seen",
    "v": 1,
    "lane": "ap-1",
    "text": "x",
    "reader": "zxing",
    "first_seen_mono_ms": 1,
    "decoded_mono_ms": 2,
}


@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: type(m).__name__)
def test_round_trip(message: wire.Message) -> None:
    line = wire.encode(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert wire.decode(line) == message
    assert wire.decode(line.rstrip()) == message


def test_every_message_is_covered_here() -> None:
    assert {type(message) for message in MESSAGES} == set(typing.get_args(wire.Message))


def refusal(line: bytes) -> str:
    with pytest.raises(wire.WireError) as caught:
        wire.decode(line)
    return caught.value.code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"extra": 1}, "unknown_field"),
        ({"t": "nonsense"}, "unknown_message"),
        ({"t": ["qr_seen"]}, "unknown_message"),
        ({"t": None}, "unknown_message"),
        ({"v": 2}, "unknown_version"),
        ({"v": True}, "unknown_version"),
        ({"v": 1.0}, "unknown_version"),
        ({"lane": 1}, "wrong_type"),
        ({"lane": "AP 1"}, "bad_value"),
        ({"lane": "ap1"}, "bad_value"),
        ({"lane": "ap-1\n"}, "bad_value"),
        ({"text": None}, "wrong_type"),
        ({"text": "x" * 601}, "bad_value"),
        ({"text": "\ud800"}, "bad_value"),
        ({"decoded_mono_ms": "2"}, "wrong_type"),
        ({"decoded_mono_ms": True}, "wrong_type"),
        ({"decoded_mono_ms": 2.0}, "wrong_type"),
        ({"decoded_mono_ms": float("nan")}, "wrong_type"),
        ({"decoded_mono_ms": -1}, "bad_value"),
        ({"decoded_mono_ms": 2**53}, "bad_value"),
        ({"decoded_mono_ms": [1]}, "wrong_type"),
    ],
)
def test_strange_fields_are_refused(changes: dict[str, object], code: str) -> None:
    assert refusal(json.dumps(SEEN | changes).encode()) == code


@pytest.mark.parametrize("name", ["lane", "text", "reader", "first_seen_mono_ms", "v", "t"])
def test_missing_fields_are_refused(name: str) -> None:
    line = json.dumps({key: value for key, value in SEEN.items() if key != name}).encode()
    assert refusal(line) in {"missing_field", "unknown_version", "unknown_message"}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"", "not_json"),
        (b"\xff\xfe", "not_json"),
        (b"[]", "not_an_object"),
        (b"null", "not_an_object"),
        (b"{} {}", "not_json"),
        (b'{"v":1,"t":"stop","t":"stop"}', "duplicate_field"),
        (b'{"v":1,"t":{"a":1,"a":2}}', "duplicate_field"),
        (b"[" * 8000, "not_json"),
        (b'{"a":' * 1600, "not_json"),
        (b'{"v":' + b"9" * 8000 + b"}", "not_json"),
        (b'{"v":1,"t":"stop"}' + b" " * wire.MAX_LINE_BYTES, "line_too_long"),
    ],
)
def test_hostile_lines_are_refused(line: bytes, code: str) -> None:
    assert refusal(line) == code


def test_unknown_adapter_kind_is_refused() -> None:
    line = wire.encode(wire.Hello("qr", 1, "real", ())).replace(b'"real"', b'"genuine"')
    assert refusal(line) == "bad_value"


def test_error_text_repeats_nothing_received() -> None:
    marker = "AC1:SECRETPASS"
    for changes in ({"lane": marker}, {marker: 1}, {"t": marker}, {"decoded_mono_ms": marker}):
        with pytest.raises(wire.WireError) as caught:
            wire.decode(json.dumps(SEEN | changes).encode())
        assert marker not in repr(caught.value)
        assert marker not in str(caught.value)
        assert caught.value.__cause__ is None
    with pytest.raises(wire.WireError) as caught:
        wire.decode(f'{{"{marker}'.encode())
    assert marker not in repr(caught.value)


def test_sender_is_held_to_the_same_rules() -> None:
    for faulty in (
        wire.Presence("AP", 1),
        wire.Presence("ap-1", -1),
        wire.QrSeen("ap-1", "x" * 601, "zxing", 1, 2),
        wire.QrSeen("ap-1", "\udcff", "zxing", 1, 2),
        dataclasses.replace(wire.Ping(1), nonce=typing.cast("int", "1")),
    ):
        with pytest.raises(wire.WireError):
            wire.encode(faulty)
    too_many = wire.Hello("qr", 1, "real", ("x" * 40,) * 300)
    with pytest.raises(wire.WireError, match="line_too_long"):
        wire.encode(too_many)


@pytest.mark.parametrize("char", ["\0", "\n", '"', "门", "😀", "\u2028", "\x7f"])
def test_longest_text_fits_in_a_line(char: str) -> None:
    seen = wire.QrSeen("ap-1", char * wire.MAX_TEXT_CHARS, "zxing", 1, 2)
    assert wire.decode(wire.encode(seen)) == seen


def test_worker_sources_stay_clean_for_python_3_10() -> None:
    root = Path(edge.__file__).parent
    files = [root / "__init__.py"]
    files += [*(root / "worker_wire").rglob("*.py"), *(root / "workers").rglob("*.py")]
    assert len(files) > 15
    newer = {"StrEnum", "tomllib", "TaskGroup", "Self", "ExceptionGroup", "UTC", "assert_never"}
    for file in files:
        tree = ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 10))
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        names |= {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        assert not names & newer, file
        assert not any(isinstance(node, ast.TryStar) for node in ast.walk(tree)), file
