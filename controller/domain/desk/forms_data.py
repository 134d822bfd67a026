"""Read the forms of the compliance desk from `forms.toml` beside this module, once."""

import tomllib
from functools import cache
from importlib import resources
from typing import Any

from controller.domain.desk.forms import Asked, DeskForm, DeskKind, FieldKind, Section

__all__ = ["all_forms", "form_of"]


def form_of(kind: DeskKind) -> DeskForm:
    """Return the form of a kind of record."""
    return _forms()[kind]


def all_forms() -> tuple[DeskForm, ...]:
    """Return every form, in the order in which the desk shows them."""
    return tuple(_forms().values())


@cache
def _forms() -> dict[DeskKind, DeskForm]:
    source = resources.files("controller.domain.desk").joinpath("forms.toml").read_text("utf-8")
    tables = tomllib.loads(source)
    return {kind: _form(kind, tables[kind.value]) for kind in DeskKind}


def _form(kind: DeskKind, table: dict[str, Any]) -> DeskForm:
    sections = tuple(
        Section(each["zh"], each["en"], tuple(_asked(row) for row in each["asked"]))
        for each in table["sections"]
    )
    return DeskForm(
        kind,
        table["zh"],
        table["en"],
        table["article_zh"],
        table["article"],
        sections,
        table.get("renew_days", 0),
        table.get("ends_by", ""),
        needs_second=table.get("needs_second", False),
    )


def _asked(row: dict[str, Any]) -> Asked:
    kind = FieldKind(row.get("kind", FieldKind.LONG.value))
    return Asked(row["name"], row["zh"], row["en"], kind, row.get("is_needed", True))
