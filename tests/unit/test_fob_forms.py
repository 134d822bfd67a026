import pytest

from controller.domain.cards import Card
from controller.domain.fobs.forms import (
    READINGS,
    FobFault,
    FobForm,
    FobReading,
    fitting_readings,
    proposals_for,
    read_fob,
)
from controller.domain.fobs.rows import FobFaultKind, parse_fobs

FOB = 0x0045B212
DECIMAL = FobReading(FobForm.DECIMAL)
THREE_FIVE = FobReading(FobForm.THREE_FIVE, 24)
HEX = FobReading(FobForm.HEX)


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("0004567570", DECIMAL),
        ("4567570", DECIMAL),
        ("4567570.0", DECIMAL),
        ("'0004567570", DECIMAL),
        ("069,45586", FobReading(FobForm.THREE_FIVE, 24)),
        ("69 45586", THREE_FIVE),
        ("06945586", THREE_FIVE),
        ("6945586", THREE_FIVE),
        ("0045B212", HEX),
        ("45b212", HEX),
        ("0x45B212", HEX),
        ("00:45:B2:12", HEX),
        ("210045B212", HEX),
        ("12B24500", FobReading(FobForm.HEX, is_reversed=True)),
        ("313672960", FobReading(FobForm.DECIMAL, is_reversed=True)),
    ],
)
def test_one_fob_in_every_form_of_the_field(text: str, reading: FobReading) -> None:
    assert read_fob(text, reading) == Card(FOB, reading.bits)


def test_a_reader_of_24_bits_reports_the_last_three_bytes() -> None:
    assert read_fob("2A45B212", FobReading(FobForm.HEX, 24)) == Card(FOB, 24)
    assert read_fob("2A45B212", FobReading(FobForm.HEX, 24, is_reversed=True)) == Card(0x12B245, 24)


@pytest.mark.parametrize(
    ("text", "reading", "fault"),
    [
        ("1.23E+09", DECIMAL, FobFault.LOST_DIGITS),
        ("4,57E+06", THREE_FIVE, FobFault.LOST_DIGITS),
        ("1.23E+09", HEX, FobFault.LOST_DIGITS),
        ("45B212", DECIMAL, FobFault.NOT_A_NUMBER),
        ("256,00001", THREE_FIVE, FobFault.TOO_LARGE),
        ("001,65536", THREE_FIVE, FobFault.TOO_LARGE),
        ("12345678901234", DECIMAL, FobFault.TOO_LARGE),
        ("069,45586", FobReading(FobForm.THREE_FIVE, 32), FobFault.BYTE_UNKNOWN),
        ("fob 12", HEX, FobFault.NOT_A_NUMBER),
        ("", DECIMAL, FobFault.NOT_A_NUMBER),
    ],
)
def test_what_names_no_fob_says_why(text: str, reading: FobReading, fault: FobFault) -> None:
    assert read_fob(text, reading) is fault


def test_a_word_of_hexadecimal_is_no_spreadsheet_number() -> None:
    assert read_fob("12E4", HEX) == Card(0x12E4, 32)


def test_one_tap_tells_how_a_list_is_written() -> None:
    """A07: the fob in hand decides between the readings that the digits alone leave open."""
    texts = ["0004567570", "0004567571", "0012345678"]
    assert len(fitting_readings(texts)) > 2
    assert proposals_for(texts[0], Card(FOB, 32)) == (DECIMAL,)
    assert proposals_for("12B24500", Card(FOB, 32)) == (FobReading(FobForm.HEX, is_reversed=True),)
    assert proposals_for(texts[0], Card(1, 32)) == ()
    assert fitting_readings([]) == ()


def test_every_reading_has_a_word_of_its_own() -> None:
    assert len({reading.word for reading in READINGS}) == len(READINGS) == 10


def test_a_list_gives_rows_and_names_the_row_of_each_fault() -> None:
    raw = (
        "卡号,房号,姓名\n0004567570,3-2-502,甲\n1.23E+09,3-2-503,乙\n\n=1+1,,\n,3-2-504,丙\n７,,\n"
    ).encode("gbk")
    found = parse_fobs(raw, DECIMAL)
    assert [(row.row, row.card.value, row.dwelling) for row in found.rows] == [
        (2, FOB, "3-2-502"),
        (7, 7, ""),
    ]
    assert [(fault.row, fault.kind) for fault in found.faults] == [
        (3, FobFaultKind.LOST_DIGITS),
        (5, FobFaultKind.FORMULA),
        (6, FobFaultKind.MISSING),
    ]


@pytest.mark.parametrize(
    "raw",
    [
        "卡号,照片\n1,a.jpg\n".encode(),
        b"card no,face_template\n1,AAAA\n",
        "卡号,指纹特征\n1,x\n".encode(),
        b"\xff\xd8\xff\xe0 a picture",
        b"\x89PNG\r\n",
    ],
)
def test_photos_and_templates_are_refused_whole(raw: bytes) -> None:
    found = parse_fobs(raw, DECIMAL)
    assert found.rows == ()
    assert [fault.kind for fault in found.faults] == [FobFaultKind.BIOMETRIC]


def test_what_is_no_list_is_refused() -> None:
    for raw, kind in (
        (b"a,b\n1,2\n", FobFaultKind.NO_COLUMN),
        (b"\x00\x01\x02", FobFaultKind.UNREADABLE),
        (b"fob\n" + b"1\n" * 50_001, FobFaultKind.TOO_MANY_ROWS),
        (b"fob,name\n1," + b"A" * 512, FobFaultKind.TOO_LONG),
    ):
        assert [fault.kind for fault in parse_fobs(raw, DECIMAL).faults] == [kind]
