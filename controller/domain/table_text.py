"""Read tables as office programs write them: encodings and separators of the field."""

import csv
import io
import unicodedata

__all__ = ["clean_cell", "is_formula", "read_table"]


def read_table(raw: bytes) -> list[list[str]] | None:
    """Return the lines of a CSV file, None where it is none.

    Accepted are UTF-8 with or without mark and GB 18030; comma, semicolon or tab.
    """
    text = _decoded(raw)
    if text is None:
        return None
    first = text.split("\n", 1)[0]
    try:
        return list(
            csv.reader(io.StringIO(text), delimiter=max(",;\t", key=first.count), strict=True)
        )
    except csv.Error:
        return None


def clean_cell(cell: str) -> str:
    """Make full-width forms plain, and drop what cannot be seen."""
    plain = unicodedata.normalize("NFKC", cell)
    visible = "".join(" " if each.isspace() else each for each in plain if _is_visible(each))
    return " ".join(visible.split())


def is_formula(cell: str) -> bool:
    """Tell whether a spreadsheet would run this cell."""
    return cell[:1] in {"=", "@", "+", "-"}


def _decoded(raw: bytes) -> str | None:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if "\x00" in text else text
    return None


def _is_visible(character: str) -> bool:
    return character.isspace() or unicodedata.category(character)[0] != "C"
