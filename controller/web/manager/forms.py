"""Read plain forms: every field as text, several of one name, numbers, days, photos as hashes."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from starlette.datastructures import UploadFile

from controller.domain.refusal import Refusal
from mqtt.contract.errors import RefusedError
from mqtt.contract.reasons import ReasonCode

__all__ = ["Fields", "TheFields", "wrong"]

_MOST_FIELDS, _MOST_CHARACTERS = 400, 2_000
_MOST_FILE = 8 * 1024 * 1024


def wrong(field: str, rule: str = "WE-03") -> RefusedError:
    """Return the refusal of a field that cannot be used."""
    return Refusal(ReasonCode.CONFIG_INVALID, rule, detail=field).as_error()


@dataclass(frozen=True, slots=True)
class Fields:
    """What a form sent, in its order; `files` are the bytes of what was uploaded."""

    pairs: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, bytes], ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """Return the names of all fields."""
        return frozenset(name for name, _ in self.pairs)

    def text(self, name: str, default: str = "") -> str:
        """Return a field without spaces around it."""
        return next((value.strip() for each, value in self.pairs if each == name), default)

    def many(self, name: str) -> tuple[str, ...]:
        """Return every value of a field that was sent, such as ticked boxes."""
        return tuple(value for each, value in self.pairs if each == name and value)

    def has(self, name: str) -> bool:
        """Tell whether a box was ticked."""
        return bool(self.text(name))

    def number(self, name: str, default: int = 0) -> int:
        """Return a whole number. Raises RefusedError(`config_invalid`) for anything else."""
        text = self.text(name)
        if not text:
            return default
        if not text.lstrip("-").isdecimal() or len(text) > 12:
            raise wrong(name)
        return int(text)

    def minutes(self, name: str) -> int:
        """Return a time of day as minutes after midnight; 24:00 is the end of the day."""
        hour, _, minute = self.text(name).partition(":")
        if not (hour.isdecimal() and minute.isdecimal()):
            raise wrong(name)
        found = int(hour) * 60 + int(minute)
        if not 0 <= found <= 1440 or int(minute) > 59:
            raise wrong(name)
        return found

    def instant(self, name: str, zone: str, *, end_of_day: bool = False) -> int | None:
        """Return the start or end of a local ISO day, or a local instant, in UTC ms."""
        text = self.text(name)
        if not text:
            return None
        if end_of_day and len(text) == 10:
            text += "T23:59:59"
        try:
            at = datetime.fromisoformat(text)
        except ValueError as error:
            raise wrong(name) from error
        return int(at.replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)

    def file(self, name: str) -> bytes:
        """Return an uploaded file, empty for none."""
        return next((raw for each, raw in self.files if each == name), b"")

    def photo_hash(self, name: str) -> bytes:
        """Return the SHA-256 of an uploaded photo, empty for none; the photo itself is dropped."""
        raw = self.file(name)
        return hashlib.sha256(raw).digest() if raw else b""


async def _fields_of(request: Request) -> Fields:
    pairs: list[tuple[str, str]] = []
    files: list[tuple[str, bytes]] = []
    async with request.form(max_files=4, max_fields=_MOST_FIELDS) as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                files.append((name, await value.read(_MOST_FILE)))
            else:
                pairs.append((name, value[:_MOST_CHARACTERS]))
    return Fields(tuple(pairs), tuple(files))


TheFields = Annotated[Fields, Depends(_fields_of)]
"""The form of this request; other bodies have no fields."""
