"""Keep built engines: whole or not at all, each sealed so that only what this gate built is loaded.

Loading an engine runs its vendor's code on its bytes. So a folder has the plan, the kernels and
the known answers, a manifest with their hashes, and a mark over the manifest under a key that
only the worker's user can read. Whatever does not fit is set aside, never loaded.
"""

import contextlib
import fcntl
import hashlib
import hmac
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from edge.workers.face.engine import EngineError
from edge.workers.face.keys import KeyCabinet, KeyStoreError
from edge.workers.face.seal import wipe_key
from edge.workers.face.trt.cache_key import EngineKey

__all__ = ["CachedEngine", "EngineCache", "EngineFiles", "EntryState"]

EntryState = Literal["intact", "damaged", "foreign"]
_PARTS = ("plan", "kernels", "golden")
_VERSION = 1
_KEY_NUMBER = 1
_ASIDE = "aside-"
_FAILED = "failed-"
_NEW = "new-"
_UNFINISHED = "unfinished:"
_MOST_UNFINISHED = 2
_MOST_BYTES = 2 * 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class EngineFiles:
    """Hold what makes an engine: TensorRT's plan, the compiled kernels, the known answers."""

    plan: bytes
    kernels: bytes
    golden: bytes


@dataclass(frozen=True, slots=True)
class CachedEngine:
    """Describe one folder: ``damaged`` bytes changed, ``foreign`` was not made by this gate.

    ``facts`` is what the manifest says; of a foreign one nothing is believed and it is empty.
    """

    name: str
    state: EntryState
    size_bytes: int
    facts: Mapping[str, object]


class EngineCache:
    """Own a folder of engines; one writer at a time, readers at any time."""

    def __init__(self, folder: Path, cabinet: KeyCabinet) -> None:
        self._folder = folder
        self._cabinet = cabinet

    def put(self, key: EngineKey, files: EngineFiles, facts: Mapping[str, object]) -> None:
        """Store an engine: readers see all of it or none. Raises ``EngineError``(`disk_failed`)."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            place = self._folder / f"{_NEW}{secrets.token_hex(8)}"
            place.mkdir(mode=0o700)
            try:
                self._fill(place, key, files, facts)
                target = self._folder / key.name
                if target.exists():
                    self._set_aside(target)
                place.rename(target)
                _sync_folder(self._folder)
            except BaseException:
                shutil.rmtree(place, ignore_errors=True)
                raise
            (self._folder / f"{_FAILED}{key.name}").unlink(missing_ok=True)
        except OSError as error:
            raise EngineError("disk_failed", error.strerror or "") from None

    def get(self, key: EngineKey) -> EngineFiles:
        """Return an engine of this gate.

        Raises ``EngineError``: `not_built`, `engine_foreign` or `engine_damaged`. What is not
        intact is set aside, so that the next build starts clean.
        """
        place = self._folder / key.name
        if not place.is_dir():
            raise EngineError("not_built", key.name[:12])
        known, state = self._examined(place)
        if known is not None and state == "intact" and known.get("key") == asdict(key):
            return EngineFiles(*(_read(place / part) for part in _PARTS))
        self._set_aside(place)
        raise EngineError("engine_damaged" if state == "damaged" else "engine_foreign")

    def quarantine(self, key: EngineKey) -> None:
        """Set an engine aside that gave wrong answers."""
        place = self._folder / key.name
        if place.is_dir():
            self._set_aside(place)

    def entries(self) -> tuple[CachedEngine, ...]:
        """Return what is in the folder, by name; nothing is loaded or moved."""
        return tuple(self._entries())

    def mark_failed(self, key: EngineKey, code: str) -> None:
        """Remember that a build failed, so that it is not tried at every start."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self._folder / f"{_FAILED}{key.name}").write_text(code, "utf-8")

    def begin(self, key: EngineKey) -> None:
        """Note that a build begins: one that is killed for memory must not be tried for ever."""
        number = self._unfinished(key) + 1
        self.mark_failed(key, f"{_UNFINISHED}{number}")

    def failure(self, key: EngineKey) -> str:
        """Return the code of the last failed build, empty where none failed since.

        `unfinished` after the second build that came to no end; one may have been a power cut.
        """
        if self._unfinished(key):
            return "unfinished" if self._unfinished(key) >= _MOST_UNFINISHED else ""
        return self._marked(key)

    @contextlib.contextmanager
    def building(self) -> Iterator[None]:
        """Wait until nobody else builds here; raises ``EngineError``(`disk_failed`)."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise EngineError("disk_failed", error.strerror or "") from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _marked(self, key: EngineKey) -> str:
        try:
            return (self._folder / f"{_FAILED}{key.name}").read_text("utf-8")[:60]
        except OSError:
            return ""

    def _unfinished(self, key: EngineKey) -> int:
        text = self._marked(key)
        number = text.removeprefix(_UNFINISHED)
        return int(number) if text.startswith(_UNFINISHED) and number.isdecimal() else 0

    def prune(self, wanted: set[str]) -> tuple[str, ...]:
        """Remove all engines but the ``wanted``, and what was set aside; return the names."""
        gone = []
        for place in sorted(self._folder.glob("*")) if self._folder.is_dir() else ():
            name = place.name
            is_ours = _is_name(name) or name.startswith((_ASIDE, _NEW, _FAILED))
            if not is_ours or name in wanted:
                continue
            if place.is_dir() and not place.is_symlink():
                shutil.rmtree(place, ignore_errors=True)
            else:
                place.unlink(missing_ok=True)
            gone.append(name)
        return tuple(gone)

    def _fill(
        self, place: Path, key: EngineKey, files: EngineFiles, facts: Mapping[str, object]
    ) -> None:
        parts = {part: getattr(files, part) for part in _PARTS}
        for part, content in parts.items():
            _write(place / part, content)
        manifest = {
            "version": _VERSION,
            "key": asdict(key),
            "parts": {part: hashlib.sha256(content).hexdigest() for part, content in parts.items()},
            "facts": dict(facts),
        }
        text = json.dumps(manifest, sort_keys=True, indent=1).encode()
        _write(place / "manifest.json", text)
        _write(place / "mark", self._mark(text, may_create=True).encode())
        _sync_folder(place)

    def _entries(self) -> Iterator[CachedEngine]:
        places = sorted(self._folder.glob("*")) if self._folder.is_dir() else []
        for place in places:
            if _is_name(place.name) and place.is_dir():
                known, state = self._examined(place)
                size = sum(one.stat().st_size for one in place.glob("*") if one.is_file())
                facts = known or {}
                yield CachedEngine(place.name, state, size, facts)

    def _examined(self, place: Path) -> tuple[dict[str, object] | None, EntryState]:
        """Return the manifest, None where it is not ours, and the state of the folder."""
        try:
            text, mark = _read(place / "manifest.json"), _read(place / "mark")
            if not hmac.compare_digest(self._mark(text).encode(), mark):
                return None, "foreign"
            known = json.loads(text)
            same = known["version"] == _VERSION and all(
                hashlib.sha256(_read(place / part)).hexdigest() == known["parts"][part]
                for part in _PARTS
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None, "damaged"
        except KeyStoreError:
            return None, "foreign"
        return known, "intact" if same else "damaged"

    def _mark(self, text: bytes, *, may_create: bool = False) -> str:
        if may_create and _KEY_NUMBER not in self._cabinet.numbers():
            self._cabinet.create(_KEY_NUMBER)
        key = self._cabinet.read(_KEY_NUMBER)
        try:
            return hmac.new(key, b"equalgate engine\0" + text, hashlib.sha256).hexdigest()
        finally:
            wipe_key(key)

    def _set_aside(self, place: Path) -> None:
        aside = place.with_name(f"{_ASIDE}{place.name[:16]}")
        shutil.rmtree(aside, ignore_errors=True)
        place.rename(aside)


def _is_name(name: str) -> bool:
    return len(name) == 64 and not set(name) - set("0123456789abcdef")


def _read(path: Path) -> bytes:
    if path.is_symlink() or path.stat().st_size > _MOST_BYTES:
        raise ValueError(path.name)
    return path.read_bytes()


def _write(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
