"""Read an old system's list of fobs: number, and the dwelling and name where it has them.

Every fault is reported with its row, and no cell's content is repeated in one. A file that carries
faces, fingerprints or pictures is refused whole: none of it is read (rules ST-03, DM-04).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from controller.domain.cards import Card
from controller.domain.fobs.forms import FobFault, FobReading, read_fob
from controller.domain.table_text import clean_cell, is_formula, read_table

__all__ = [
    "MAX_FOBS",
    "FobFaultKind",
    "FobList",
    "FobRow",
    "FobRowFault",
    "fob_texts",
    "parse_fobs",
]

MAX_FOBS = 50_000
_MOST_CELL = 80
_COLUMNS = {
    "卡号": "fob",
    "门禁卡": "fob",
    "卡片编号": "fob",
    "card": "fob",
    "cardno": "fob",
    "card no": "fob",
    "card number": "fob",
    "fob": "fob",
    "房号": "dwelling",
    "房屋": "dwelling",
    "房间": "dwelling",
    "dwelling": "dwelling",
    "room": "dwelling",
    "姓名": "name",
    "name": "name",
}
_BIOMETRIC = re.compile(
    r"照片|相片|头像|人脸|面部|指纹|掌纹|虹膜|特征|模板|photo|picture|image|face|finger|template|embedding",
    re.IGNORECASE,
)
_PICTURE_FILES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"RIFF")


class FobFaultKind(StrEnum):
    """What is wrong with a row or the file."""

    UNREADABLE = "unreadable"
    BIOMETRIC = "biometric"
    NO_COLUMN = "no_column"
    TOO_MANY_ROWS = "too_many_rows"
    FORMULA = "formula"
    MISSING = "missing"
    TOO_LONG = "too_long"
    LOST_DIGITS = FobFault.LOST_DIGITS.value
    NOT_A_NUMBER = FobFault.NOT_A_NUMBER.value
    TOO_LARGE = FobFault.TOO_LARGE.value
    BYTE_UNKNOWN = FobFault.BYTE_UNKNOWN.value


@dataclass(frozen=True, slots=True)
class FobRowFault:
    """A fault in a row (1 is the line of column names; 0 the whole file) and column."""

    row: int
    column: str
    kind: FobFaultKind


@dataclass(frozen=True, slots=True)
class FobRow:
    """One line of the list; dwelling and name are empty where the list has none."""

    row: int
    card: Card
    dwelling: str
    name: str

    def __repr__(self) -> str:
        return f"FobRow(row={self.row})"


@dataclass(frozen=True, slots=True)
class FobList:
    """The rows that can be read, and every fault."""

    rows: tuple[FobRow, ...]
    faults: tuple[FobRowFault, ...]


def parse_fobs(raw: bytes, reading: FobReading) -> FobList:
    """Read the file in one reading; total: the answer is always rows and faults."""
    if raw.startswith(_PICTURE_FILES):
        return _only(0, FobFaultKind.BIOMETRIC)
    lines = read_table(raw)
    if lines is None:
        return _only(0, FobFaultKind.UNREADABLE)
    if len(lines) - 1 > MAX_FOBS:
        return _only(0, FobFaultKind.TOO_MANY_ROWS)
    head = [clean_cell(cell).lower() for cell in lines[0]] if lines else []
    if any(_BIOMETRIC.search(cell) for cell in head):
        return _only(1, FobFaultKind.BIOMETRIC)
    names = [_COLUMNS.get(cell, "") for cell in head]
    if "fob" not in names:
        return _only(1, FobFaultKind.NO_COLUMN, "fob")
    rows, faults = [], []
    for number, cells in enumerate(lines[1:], start=2):
        values = dict(zip(names, map(clean_cell, cells), strict=False))
        values.pop("", None)
        if not any(values.values()):
            continue
        found = _row(number, values, reading)
        if isinstance(found, FobRow):
            rows.append(found)
        else:
            faults.append(found)
    return FobList(tuple(rows), tuple(faults))


def fob_texts(raw: bytes, most: int = 2_000) -> tuple[str, ...]:
    """Return the first numbers of a list as they stand there, to find out how they are written."""
    lines = read_table(raw) or [[]]
    names = [_COLUMNS.get(clean_cell(cell).lower(), "") for cell in lines[0]]
    if "fob" not in names:
        return ()
    at = names.index("fob")
    cells = (clean_cell(line[at]) for line in lines[1 : most + 1] if len(line) > at)
    return tuple(cell for cell in cells if cell)


def _row(number: int, values: Mapping[str, str], reading: FobReading) -> FobRow | FobRowFault:
    for column, cell in values.items():
        if is_formula(cell):
            return FobRowFault(number, column, FobFaultKind.FORMULA)
        if len(cell) > _MOST_CELL:
            return FobRowFault(number, column, FobFaultKind.TOO_LONG)
    text = values.get("fob", "")
    if not text:
        return FobRowFault(number, "fob", FobFaultKind.MISSING)
    card = read_fob(text, reading)
    if isinstance(card, FobFault):
        return FobRowFault(number, "fob", FobFaultKind(card.value))
    return FobRow(number, card, values.get("dwelling", ""), values.get("name", ""))


def _only(row: int, kind: FobFaultKind, column: str = "") -> FobList:
    return FobList((), (FobRowFault(row, column, kind),))
