"""Compare two snapshots of a configuration: what was added, changed and taken away, by path."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Change", "changes"]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference; None stands for "was not there" or "is gone"."""

    path: tuple[str, ...]
    before: str | None
    after: str | None


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return every difference of two nested mappings, in the order of their paths."""
    return tuple(_walk((), old, new))


def _walk(path: tuple[str, ...], old: Any, new: Any) -> Iterator[Change]:  # noqa: ANN401  JSON
    if old == new:
        return
    if _is_branch(old) and _is_branch(new):
        for key in sorted({*(old or {}), *(new or {})}):
            yield from _walk((*path, key), (old or {}).get(key), (new or {}).get(key))
        return
    yield Change(path, _said(old), _said(new))


def _is_branch(value: Any) -> bool:  # noqa: ANN401  JSON
    return value is None or isinstance(value, Mapping)


def _said(value: Any) -> str | None:  # noqa: ANN401  JSON
    if value is None:
        return None
    if isinstance(value, list | tuple):
        return ", ".join(_said(each) or "" for each in value)
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_said(each)}" for key, each in sorted(value.items()))
    return str(value)
