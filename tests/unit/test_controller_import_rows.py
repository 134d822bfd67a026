import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.import_rows import MAX_ROWS, RowFaultKind, parse_rows
from controller.domain.people import Relation

HEAD = "房号,姓名,电话,身份,卡号\n"


def faults(text: str) -> list[tuple[int, str, RowFaultKind]]:
    return [(each.row, each.column, each.kind) for each in parse_rows(text.encode()).faults]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_B10_files_of_any_office_program_are_read(encoding: str, delimiter: str) -> None:
    text = f"{HEAD} ３－２－５０２ , 张　三 ,138 0000-1111,租户,１２３４５\r\n".replace(
        ",", delimiter
    )
    (row,) = parse_rows(text.encode(encoding)).rows
    assert (row.dwelling, row.name, row.phone) == ("3-2-502", "张 三", "13800001111")
    assert (row.relation, row.fob, row.row) == (Relation.TENANT, 12345, 2)
    assert "张" not in repr(row)


def test_B10_every_fault_names_its_row() -> None:
    text = HEAD + (
        "3-1-301,=cmd|' /C calc'!A0,,,\n"
        "3-1-302,李四,电话,房东,12a\n"
        ",王五,,,\n"
        "\n"
        "3-1-303,赵六,,,77\n"
        "3-1-304,钱七,,,77\n"
        "3-1-303,赵六,138,,77\n"
        "3-1-303,赵六,,,77\n"
        f"3-1-305,{'长' * 81},,,\n"
    )
    assert faults(text) == [
        (2, "name", RowFaultKind.FORMULA),
        (3, "phone", RowFaultKind.NOT_A_NUMBER),
        (3, "relation", RowFaultKind.UNKNOWN_WORD),
        (3, "fob", RowFaultKind.NOT_A_NUMBER),
        (4, "dwelling", RowFaultKind.MISSING),
        (7, "fob", RowFaultKind.REPEATED_FOB),
        (8, "name", RowFaultKind.REPEATED_PERSON),
        (10, "name", RowFaultKind.TOO_LONG),
    ]
    assert parse_rows(text.encode()).repeated == 1
    assert [row.row for row in parse_rows(text.encode()).rows] == [6]


def test_full_width_formulas_are_seen_too() -> None:
    assert faults(HEAD + "3-1-301,＝cmd,,,\n") == [(2, "name", RowFaultKind.FORMULA)]
    assert faults(HEAD + "3-1-301,张三,+8613800001111,,\n") == []
    assert faults(HEAD + "3-1-301,\u202e张三,,,\n") == []


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"", RowFaultKind.NO_COLUMN),
        (b"a,b\n1,2\n", RowFaultKind.NO_COLUMN),
        (b"\xff\xff\xff", RowFaultKind.UNREADABLE),
        (b"PK\x03\x04\x00\x00", RowFaultKind.UNREADABLE),
        (HEAD.encode() + b'"3-1-301', RowFaultKind.UNREADABLE),
        (HEAD.encode() + b"\n" * (MAX_ROWS + 1), RowFaultKind.TOO_MANY_ROWS),
    ],
)
def test_what_is_no_list_is_refused_whole(raw: bytes, kind: RowFaultKind) -> None:
    parsed = parse_rows(raw)
    assert parsed.rows == ()
    assert {fault.kind for fault in parsed.faults} == {kind}


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_any_bytes_have_an_answer(raw: bytes) -> None:
    for body in (raw, HEAD.encode() + raw):
        parsed = parse_rows(body)
        assert len({(row.dwelling, row.name) for row in parsed.rows}) == len(parsed.rows)
