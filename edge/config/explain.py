"""Explain everything that is wrong with a `gate.toml`: file, line, key, what, and the cure.

`load` stops at the first thing, because a gate needs only a yes or no; whoever repairs the file
wants the whole list. Files that it names are looked at too: they must be there, and keys must be
closed to others.
"""

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from edge.config.checks import findings
from edge.config.cures import cure_of
from edge.config.files import MOST_BYTES
from edge.config.tables import GateConfig
from mqtt.contract.errors import ConfigError
from mqtt.contract.reasons import ReasonCode, text_of

__all__ = ["Explained", "explain"]

_MOST = 100
_UNKNOWN = re.compile(r"unknown field `(\w+)`(?: - at `\$\.?(.*)`)?")
_MISSING = re.compile(r"missing required field `(\w+)`(?: - at `\$\.?(.*)`)?")
_AT = re.compile(r"(?P<said>.*?) - at `\$\.?(?P<key>.*)`")
_STEP = re.compile(r"(\w+)|\[(\d+|\.\.\.)\]")
_OTHERS = 0o077


@dataclass(frozen=True, slots=True)
class Explained:
    """One thing that is wrong: where (`line` is 0 where there is none), what, and what to do."""

    file: str
    line: int
    key: str
    code: str
    zh: str
    en: str
    cure_zh: str
    cure_en: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        key = f" {self.key}" if self.key else ""
        return (
            f"{place}{key} [{self.code}]\n  {self.zh}：{self.cure_zh}\n  {self.en}: {self.cure_en}"
        )

    def as_row(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


def explain(path: Path) -> tuple[Explained, ...]:
    """Return everything that is wrong with a file, in the file's order; nothing if it is right."""
    name = path.name
    try:
        raw = path.read_bytes()
    except OSError:
        return (_made(name, 0, "", ReasonCode.CONFIG_MISSING),)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        cure = ("把文件存为 UTF-8", "save the file as UTF-8")
        return (_made(name, line, "", ReasonCode.CONFIG_INVALID, cure),)
    if len(raw) > MOST_BYTES:
        return (_made(name, 0, "", ReasonCode.TOO_LARGE, ("至多 256 KiB", "at most 256 KiB")),)
    return tuple(_in_text(name, text, path.parent))


def _in_text(name: str, text: str, folder: Path) -> Iterator[Explained]:
    try:
        tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = re.search(r"line (\d+)", str(error))
        cure = ("改正此行的写法（TOML）", f"mend the TOML here: {str(error)[:80]}")
        line = int(found[1]) if found else 0
        yield _made(name, line, "", ReasonCode.CONFIG_INVALID, cure)
        return
    tables.pop("folder", None)
    wrong, config = _shapes(tables, str(folder))
    for key, cure in wrong:
        yield _made(name, _line(text, key), key, ReasonCode.CONFIG_INVALID, cure)
    if config is None:
        return
    for code, detail in findings(config):
        key, _, expected = detail.partition(": ")
        yield _made(name, _line(text, key), key, code, cure_of(code, expected))
    for key, code, cure in _files(config):
        yield _made(name, _line(text, key), key, code, cure)


def _shapes(
    tables: dict[str, Any], folder: str
) -> tuple[list[tuple[str, tuple[str, str]]], GateConfig | None]:
    """Return unknown keys and wrong types, one after the other, and what is left if it is whole."""
    wrong: list[tuple[str, tuple[str, str]]] = []
    while len(wrong) < _MOST:
        try:
            return wrong, msgspec.convert({**tables, "folder": folder}, GateConfig)
        except msgspec.ValidationError as error:
            key, cure = _shape(str(error), tables)
            wrong.append((key, cure))
            if not _removed(tables, key):
                return wrong, None
    return wrong, None


def _shape(said: str, tables: Mapping[str, Any]) -> tuple[str, tuple[str, str]]:
    if found := _UNKNOWN.search(said):
        table = _real(tables, found[2] or "", found[1])
        near = difflib.get_close_matches(found[1], _fields(table), 1)
        key = f"{table}.{found[1]}" if table else found[1]
        if near:
            return key, (f"没有此键，是否为 {near[0]}？", f"no such key; {near[0]}?")
        return key, ("没有此键，请删除", "no such key; remove it")
    if found := _MISSING.search(said):
        table = _real(tables, found[2] or "", "", missing=found[1])
        key = f"{table}.{found[1]}" if table else found[1]
        return key, ("补上此键", "add this key")
    found = _AT.search(said)
    key = _real(tables, found["key"], "") if found else ""
    what = (found["said"] if found else said).replace("`", "")
    return key, (f"类型不对：{what}", f"wrong type: {what}")


def _real(tables: Mapping[str, Any], path: str, unknown: str, missing: str = "") -> str:
    """Turn msgspec's `readers[...]` into the row that it means."""
    if "[...]" not in path:
        return path
    head, _, tail = path.partition("[...]")
    rows = tables.get(head, [])
    for at, row in enumerate(rows if isinstance(rows, list) else []):
        is_there = isinstance(row, dict) and (
            unknown in row or (missing and missing not in row) or (tail.strip(".") in row)
        )
        if is_there:
            return f"{head}[{at}]{tail}"
    return f"{head}[0]{tail}"


def _fields(table: str) -> tuple[str, ...]:
    kind: Any = GateConfig
    for step in re.findall(r"[a-z_]+", table):
        found = {info.name: info.type for info in msgspec.structs.fields(kind)}.get(step)
        args = getattr(found, "__args__", ())
        kind = args[0] if args else found
        if not isinstance(kind, type) or not issubclass(kind, msgspec.Struct):
            return ()
    return tuple(name for name in kind.__struct_fields__ if name != "folder")


def _removed(tables: dict[str, Any], key: str) -> bool:
    """Take a wrong value out, so that the next fault can be seen; False where it is not there."""
    steps: list[str | int] = [
        word or int(number) for word, number in _STEP.findall(key) if number != "..."
    ]
    at: Any = tables
    for step in steps[:-1]:
        try:
            at = at[step]
        except (KeyError, IndexError, TypeError):
            return False
    if steps and isinstance(at, dict) and steps[-1] in at:
        del at[steps[-1]]
        return True
    return False


def _files(config: GateConfig) -> Iterator[tuple[str, ReasonCode, tuple[str, str]]]:
    named = [(f"broker.{key}", getattr(config.broker, key)) for key in _BROKER_FILES]
    for table in ("readers", "pin_pads", "guard_panels"):
        for at, row in enumerate(getattr(config, table)):
            if row.scbk_file and row.device != "sim":
                named.append((f"{table}[{at}].scbk_file", row.scbk_file))
    for key, value in named:
        try:
            path = config.path(value)
            mode = path.stat().st_mode
        except ConfigError as error:
            yield key, error.code, ("改为本文件夹以内的路径", "keep it below this folder")
            continue
        except OSError:
            yield key, ReasonCode.FILE_UNREADABLE, ("放上此文件", "put the file there")
            continue
        if key.endswith(("key_file", "scbk_file")) and mode & _OTHERS:
            cure = ("文件权限改为 0600", "make its mode 0600")
            yield key, ReasonCode.CONFIG_INVALID, cure


_BROKER_FILES = ("ca_file", "cert_file", "key_file")


def _line(text: str, key: str) -> int:
    """Return the line of a key, or of its table where the key is not written; 0 for neither."""
    table, _, name = key.rpartition(".")
    wanted = re.fullmatch(r"(\w+)(?:\[(\d+)\])?", table or name)
    if wanted is None:
        return 0
    header, row = wanted[1], int(wanted[2] or 0)
    seen, inside, at_table = -1, not table and wanted[2] is None, 0
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("["):
            is_it = stripped.strip("[]").split("]")[0].strip() == header
            seen += is_it
            inside = is_it and seen == row
            at_table = number if inside else at_table
        elif inside and re.match(rf"{re.escape(name)}\s*=", stripped):
            return number
    return at_table


def _made(
    file: str, line: int, key: str, code: ReasonCode, cure: tuple[str, str] | None = None
) -> Explained:
    text = text_of(code)
    zh, en = cure or (text.cure_zh, text.cure_en)
    return Explained(file, line, key, code.value, text.zh, text.en, zh, en)
