"""Read the list of labelled pairs, and refuse a gate's store as a place to measure.

Accuracy is measured on pictures that somebody brings for that, never on residents: a folder of a
gate, or one inside it, is refused before anything in it is opened.
"""

import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["LabelledPair", "PairsError", "read_pairs", "refuse_store"]

MAX_PAIRS_BYTES = 64 * 1024 * 1024
# Files that only a gate's daemon or its face worker keeps.
_STORE_NAMES = frozenset({"gate.db", "gate.db-wal", "keyring.json"})
_STORE_SUFFIXES = (".ref", ".snapshot")
_STORE_FOLDERS = frozenset({"equalgate", "equalgate-face", ".equalgate"})


class PairsError(Exception):
    """Refuse the input; ``problem`` and ``cure`` are zh-CN and English, ``line`` 1-based or 0."""

    def __init__(self, problem: str, cure: str, line: int = 0) -> None:
        place = f"第 {line} 行 / line {line}: " if line else ""
        super().__init__(f"{place}{problem}; {cure}")
        self.problem = problem
        self.cure = cure
        self.line = line


@dataclass(frozen=True, slots=True)
class LabelledPair:
    """Hold two picture files, whether they show one person, and the 1-based line number."""

    left: Path
    right: Path
    is_same: bool
    line: int


def read_pairs(listing: Path, images: Path) -> tuple[LabelledPair, ...]:
    """Return the pairs of a file of ``left<TAB>right<TAB>0|1`` lines; blank lines are skipped.

    ``left`` and ``right`` are paths inside the folder ``images``. Raises ``PairsError`` with the
    line for anything else, including pictures that are not there.
    """
    try:
        if listing.stat().st_size > MAX_PAIRS_BYTES:
            raise PairsError("文件过大 / the list is too long", "至多 64 MiB / at most 64 MiB")
        text = listing.read_text(encoding="utf-8-sig")
    except (OSError, ValueError):
        raise PairsError(
            "无法读取配对清单 / the list of pairs cannot be read",
            "请给出 UTF-8 文本文件 / give a UTF-8 text file",
        ) from None
    known = _Known(set(), set())
    numbered = enumerate(text.splitlines(), start=1)
    pairs = tuple(_pair(line, number, images, known) for number, line in numbered if line.strip())
    if not pairs:
        raise PairsError("清单为空 / the list is empty", "至少两对 / give at least two pairs")
    return pairs


def refuse_store(folder: Path) -> None:
    """Raise ``PairsError`` when ``folder`` is, holds or lies in a store of a gate."""
    real = folder.resolve()
    for place in (real, *real.parents):
        is_named = place.name in _STORE_FOLDERS and place.parent.name in {"lib", "etc", "run"}
        if is_named or place.name == ".equalgate" or _keeps_secrets(place):
            raise _store_error()


def _keeps_secrets(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries]
    except OSError:
        return False
    return any(name in _STORE_NAMES or name.endswith(_STORE_SUFFIXES) for name in names)


@dataclass(frozen=True, slots=True)
class _Known:
    """Remember what was looked at already: lists name each picture several times."""

    pictures: set[Path]
    folders: set[Path]


def _pair(line: str, number: int, images: Path, known: _Known) -> LabelledPair:
    parts = line.rstrip("\r\n").split("\t")
    if len(parts) != 3 or parts[2].strip() not in {"0", "1"}:
        raise PairsError(
            "格式不对 / not in the format",
            "每行：左<TAB>右<TAB>0 或 1 / each line: left<TAB>right<TAB>0 or 1",
            number,
        )
    left, right = (_inside(images, part, number, known) for part in parts[:2])
    return LabelledPair(left, right, parts[2].strip() == "1", number)


def _inside(images: Path, name: str, number: int, known: _Known) -> Path:
    path = Path(os.path.normpath(images / name))
    if path in known.pictures:
        return path
    if not path.is_relative_to(os.path.normpath(images)):
        raise PairsError(
            "图片不在图片文件夹内 / the picture lies outside the folder",
            "路径相对于 --images / give paths relative to --images",
            number,
        )
    if not path.is_file():
        raise PairsError(
            "找不到图片 / the picture is not there",
            "请检查路径 / check the path",
            number,
        )
    if path.parent not in known.folders and _keeps_secrets(path.parent):
        raise _store_error()
    known.pictures.add(path)
    known.folders.add(path.parent)
    return path


def _store_error() -> PairsError:
    return PairsError(
        "这是门口机的存储，不测量住户 / this is a store of a gate: no resident is measured",
        "请另备测试图片 / bring pictures made for testing",
    )
