"""Read a list of residents as managers have it: CSV from any office program (acceptance case B10).

Accepted: UTF-8 with or without mark, GB 18030; comma, semicolon or tab; Chinese or English column
names; full-width digits and stray spaces. Refused with the row's number: cells that a spreadsheet
would run (`=cmd`), unknown words, a fob twice, a person twice with different data. Every fault is
reported, not only the first, and no cell's content is repeated in a fault.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

from controller.domain.people import Relation
from controller.domain.table_text import clean_cell, read_table

__all__ = ["MAX_ROWS", "ImportRow", "ParsedRows", "RowFault", "RowFaultKind", "parse_rows"]

MAX_ROWS = 20_000
_MAX_CELL = 80
_COLUMNS = {
    "房号": "dwelling",
    "房屋": "dwelling",
    "dwelling": "dwelling",
    "姓名": "name",
    "name": "name",
    "电话": "phone",
    "手机": "phone",
    "phone": "phone",
    "身份": "relation",
    "relation": "relation",
    "卡号": "fob",
    "门禁卡": "fob",
    "fob": "fob",
}
_RELATIONS = {
    "业主": Relation.OWNER,
    "owner": Relation.OWNER,
    "租户": Relation.TENANT,
    "租客": Relation.TENANT,
    "tenant": Relation.TENANT,
    "家属": Relation.OCCUPANT,
    "住户": Relation.OCCUPANT,
    "occupant": Relation.OCCUPANT,
}


class RowFaultKind(StrEnum):
    """What is wrong with a row or the file."""

    UNREADABLE = "unreadable"
    NO_COLUMN = "no_column"
    TOO_MANY_ROWS = "too_many_rows"
    FORMULA = "formula"
    MISSING = "missing"
    TOO_LONG = "too_long"
    UNKNOWN_WORD = "unknown_word"
    NOT_A_NUMBER = "not_a_number"
    REPEATED_PERSON = "repeated_person"
    REPEATED_FOB = "repeated_fob"
    ASSIGNED = "assigned"
    DOES_NOT_FIT = "does_not_fit"


@dataclass(frozen=True, slots=True)
class RowFault:
    """A fault in a row (1 is the line of column names; 0 the whole file) and column."""

    row: int
    column: str
    kind: RowFaultKind


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One resident of the list; `fob` None where the list names none."""

    row: int
    dwelling: str
    name: str
    phone: str
    relation: Relation
    fob: int | None

    def __repr__(self) -> str:
        return f"ImportRow(row={self.row})"


@dataclass(frozen=True, slots=True)
class ParsedRows:
    """The good rows, how many exact repetitions were dropped, and every fault."""

    rows: tuple[ImportRow, ...]
    repeated: int
    faults: tuple[RowFault, ...]


def parse_rows(raw: bytes) -> ParsedRows:
    """Read the file; total: whatever the bytes are, the answer is rows and faults."""
    lines = read_table(raw)
    if lines is None:
        return _only(RowFault(0, "", RowFaultKind.UNREADABLE))
    if len(lines) - 1 > MAX_ROWS:
        return _only(RowFault(0, "", RowFaultKind.TOO_MANY_ROWS))
    header = [_COLUMNS.get(clean_cell(cell).lower(), "") for cell in lines[0]] if lines else []
    lacking = [need for need in ("dwelling", "name") if need not in header]
    if lacking:
        return ParsedRows((), 0, tuple(RowFault(1, n, RowFaultKind.NO_COLUMN) for n in lacking))
    return _collect(header, lines[1:])


def _collect(header: list[str], lines: list[list[str]]) -> ParsedRows:
    faults: list[RowFault] = []
    people: dict[tuple[str, str], ImportRow] = {}
    fobs: dict[int, int] = {}
    repeated = 0
    for number, cells in enumerate(lines, start=2):
        values = {name: cell for name, cell in zip(header, cells, strict=False) if name}
        if not any(clean_cell(cell) for cell in cells):
            continue
        row, found = _row(number, values)
        faults += found
        if row is None:
            continue
        known = people.get((row.dwelling, row.name))
        if known is not None and _same(known, row):
            repeated += 1
        elif known is not None:
            faults.append(RowFault(number, "name", RowFaultKind.REPEATED_PERSON))
        elif row.fob is not None and row.fob in fobs:
            faults.append(RowFault(number, "fob", RowFaultKind.REPEATED_FOB))
        else:
            people[row.dwelling, row.name] = row
            if row.fob is not None:
                fobs[row.fob] = number
    return ParsedRows(tuple(people.values()), repeated, tuple(faults))


def _row(number: int, values: Mapping[str, str]) -> tuple[ImportRow | None, list[RowFault]]:
    cleaned = {name: clean_cell(cell) for name, cell in values.items()}
    faults = [RowFault(number, name, kind) for name, kind in _cell_faults(cleaned)]
    relation = _RELATIONS.get((cleaned.get("relation") or "owner").lower())
    if relation is None:
        faults.append(RowFault(number, "relation", RowFaultKind.UNKNOWN_WORD))
    fob = cleaned.get("fob", "")
    if fob and not re.fullmatch(r"[0-9]{1,20}", fob):
        faults.append(RowFault(number, "fob", RowFaultKind.NOT_A_NUMBER))
    if faults or relation is None:
        return None, faults
    phone = re.sub(r"[ ()-]", "", cleaned.get("phone", ""))
    card = int(fob) if fob else None
    return ImportRow(number, cleaned["dwelling"], cleaned["name"], phone, relation, card), []


def _cell_faults(cells: Mapping[str, str]) -> Iterator[tuple[str, RowFaultKind]]:
    for name, cell in cells.items():
        if cell[:1] in {"=", "@"} or (cell[:1] in {"+", "-"} and name != "phone"):
            yield name, RowFaultKind.FORMULA
        elif name == "phone" and not re.fullmatch(r"\+?[0-9 ()-]*", cell):
            yield name, RowFaultKind.NOT_A_NUMBER
        elif len(cell) > _MAX_CELL:
            yield name, RowFaultKind.TOO_LONG
    for name in ("dwelling", "name"):
        if not cells.get(name):
            yield name, RowFaultKind.MISSING


def _same(left: ImportRow, right: ImportRow) -> bool:
    names = [field.name for field in fields(ImportRow) if field.name != "row"]
    return all(getattr(left, name) == getattr(right, name) for name in names)


def _only(fault: RowFault) -> ParsedRows:
    return ParsedRows((), 0, (fault,))
