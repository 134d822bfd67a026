"""Store biometric references sealed, a key per person, and erase them so that nothing opens them.

Nothing but the face worker imports this module; an import contract holds it apart. Rules:

1. A reference is stored sealed (AES-256-GCM) under its person's own key, which is wrapped by the
   worker's key. It is opened only for the model that made it; a reference of another model is
   refused, never compared.
2. Putting is all or nothing: the keyring names the file, and what it does not name is destroyed at
   the next start.
3. Erasing destroys the file, the wrapped key and the wrapping key: everybody else's key is wrapped
   anew under a new one, so that an older copy of the keyring opens nobody's references. An erasure
   that was cut short is finished at the next start.
4. A damaged store opens nothing, says so in ``fault``, and can still erase.
"""

import logging
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.workers.face.analysis import Embedding, wipe
from edge.workers.face.keys import KeyCabinet, KeyStoreError
from edge.workers.face.references_files import TEMPORARY, destroy_file, write_whole
from edge.workers.face.references_forms import (
    FormError,
    Keyring,
    RingEntry,
    SealedReferences,
    read_ring,
    read_sealed,
    wrap_context,
    write_ring,
    write_sealed,
)
from edge.workers.face.seal import KEY_BYTES, SealError, seal, unseal, unseal_key, wipe_key

__all__ = ["ErasedReferences", "ReferenceStore", "StoreError"]

_log = logging.getLogger(__name__)
_RING = "keyring.json"


class StoreError(Exception):
    """Report references that cannot be used.

    ``code`` is ``not_stored``, ``other_model``, ``damaged``, or the fault of the whole store:
    ``keyring_damaged``, ``keyring_missing``, ``key_missing``, ``key_exposed``, ``key_damaged``.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class ErasedReferences:
    """Say whose references are gone, how many there were, and by which commitments."""

    person: str
    references: int
    commitments: tuple[str, ...]


class ReferenceStore:
    """Keep the references of one gate in ``folder``. Errors of the disk stay ``OSError``."""

    def __init__(self, folder: Path, cabinet: KeyCabinet) -> None:
        self.fault = ""
        self._folder = folder
        self._cabinet = cabinet
        self._ring = Keyring(0, {})
        self._stored: dict[str, SealedReferences] = {}

    def open(self) -> None:
        """Read the store and finish what a crash cut short; a damaged one is told in ``fault``."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        for part in self._folder.glob(f"*{TEMPORARY}"):
            destroy_file(part)
        self._ring, self.fault = self._read_ring()
        if self.fault:
            _log.error("reference_store_faulted", extra={"code": self.fault})
            self._stored = self._read_all(path.name for path in self._folder.glob("*.ref"))
            return
        named = {entry.file for entry in self._ring.entries.values()}
        for path in self._folder.glob("*.ref"):
            if path.name not in named:
                destroy_file(path)
        self._stored = self._read_all(named)
        gone = {p for p, e in self._ring.entries.items() if not (self._folder / e.file).exists()}
        if gone:
            self._drop(gone)
        for number in self._cabinet.numbers():
            if number != self._ring.number:
                self._cabinet.destroy(number)

    @property
    def people(self) -> tuple[str, ...]:
        """Return everybody whose references are stored, of whatever model."""
        return tuple(sorted(self._stored.keys() | self._ring.entries.keys()))

    def model_of(self, person: str) -> str | None:
        """Return the hash of the model of a person's references, None for none or damaged ones."""
        sealed = self._stored.get(person)
        return sealed.model if sealed else None

    def put(self, person: str, model: str, references: Embedding) -> tuple[str, ...]:
        """Seal ``references`` (count x length) in place of a person's earlier ones.

        Returns their commitments. Raises ``StoreError`` while the store has a fault.
        """
        if self.fault:
            raise StoreError(self.fault)
        key = bytearray(secrets.token_bytes(KEY_BYTES))
        wrapping = self._wrapping_key(self._ring.number)
        try:
            sealed = _sealed(key, person, model, references)
            file = f"{person}.{secrets.randbelow(10**12)}.ref"
            write_whole(self._folder / file, write_sealed(sealed))
            context = wrap_context(self._ring.number, person, file)
            entry = RingEntry(file, seal(wrapping, key, context))
        finally:
            wipe_key(key)
            wipe_key(wrapping)
        before = self._ring.entries.get(person)
        self._commit(Keyring(self._ring.number, self._ring.entries | {person: entry}))
        self._stored[person] = sealed
        if before is not None:
            destroy_file(self._folder / before.file)
            self._turn_key(set())
        return sealed.commitments

    def unseal(self, person: str, model: str) -> Embedding:
        """Return a person's references (count x length), which the caller wipes.

        Raises ``StoreError``.
        """
        if self.fault:
            raise StoreError(self.fault)
        sealed, entry = self._stored.get(person), self._ring.entries.get(person)
        if entry is None:
            raise StoreError("not_stored")
        if sealed is None or sealed.person != person:
            raise StoreError("damaged")
        if sealed.model != model:
            raise StoreError("other_model")
        key = bytearray()
        wrapping = self._wrapping_key(self._ring.number)
        try:
            context = wrap_context(self._ring.number, person, entry.file)
            key = unseal_key(wrapping, entry.wrapped, context)
            return _unsealed(key, sealed)
        except SealError:
            raise StoreError("damaged") from None
        finally:
            wipe_key(key)
            wipe_key(wrapping)

    def erase(self, person: str) -> ErasedReferences:
        """Erase everything of a person; durable on return, also where nothing was stored."""
        sealed = self._stored.pop(person, None)
        entry = self._ring.entries.get(person)
        for path in self._folder.glob(f"{person}.*.ref"):
            destroy_file(path)
        if entry is not None and not self.fault:
            self._drop({person})
        if sealed is None:
            return ErasedReferences(person, 0, ())
        return ErasedReferences(person, len(sealed.records), sealed.commitments)

    def erase_all(self) -> tuple[ErasedReferences, ...]:
        """Erase everybody and begin anew; ends a fault of the store too."""
        erased = tuple(self.erase(person) for person in self.people)
        for path in (*self._folder.glob("*.ref"), self._folder / _RING):
            destroy_file(path)
        for number in self._cabinet.numbers():
            self._cabinet.destroy(number)
        self._stored.clear()
        self.open()
        return erased

    def _read_ring(self) -> tuple[Keyring, str]:
        path = self._folder / _RING
        if not path.exists():
            if any(self._folder.glob("*.ref")):
                return Keyring(0, {}), "keyring_missing"
            number = max(self._cabinet.numbers(), default=0) + 1
            self._cabinet.create(number)
            self._commit(Keyring(number, {}))
            return self._ring, ""
        try:
            ring = read_ring(path.read_bytes())
            wipe_key(self._cabinet.read(ring.number))
        except FormError:
            return Keyring(0, {}), "keyring_damaged"
        except KeyStoreError as error:
            return Keyring(0, {}), error.code
        return ring, ""

    def _read_all(self, files: Iterable[str]) -> dict[str, SealedReferences]:
        stored = {}
        for file in files:
            try:
                sealed = read_sealed((self._folder / file).read_bytes())
            except (FormError, FileNotFoundError):
                _log.error("references_damaged")
                continue
            if file.startswith(f"{sealed.person}."):
                stored[sealed.person] = sealed
        return stored

    def _drop(self, people: set[str]) -> None:
        self._turn_key(people)
        for person in people:
            self._stored.pop(person, None)

    def _turn_key(self, without: set[str]) -> None:
        """Wrap every key but those of ``without`` under a new wrapping key; destroy the old one."""
        old, new = self._ring.number, self._ring.number + 1
        self._cabinet.create(new)
        was, now = self._wrapping_key(old), self._wrapping_key(new)
        try:
            entries = {
                person: _rewrapped(entry, person, (old, was), (new, now))
                for person, entry in self._ring.entries.items()
                if person not in without
            }
        finally:
            wipe_key(was)
            wipe_key(now)
        self._commit(Keyring(new, entries))
        self._cabinet.destroy(old)

    def _commit(self, ring: Keyring) -> None:
        write_whole(self._folder / _RING, write_ring(ring))
        self._ring = ring

    def _wrapping_key(self, number: int) -> bytearray:
        try:
            return self._cabinet.read(number)
        except KeyStoreError as error:
            self.fault = error.code
            raise StoreError(error.code) from None


def _sealed(key: bytearray, person: str, model: str, references: Embedding) -> SealedReferences:
    count, length = references.shape
    blank = SealedReferences(person, model, length, (b"",) * count)
    rows = np.ascontiguousarray(references, dtype=np.float32)
    records = tuple(
        seal(key, memoryview(row).cast("B"), blank.context(place)) for place, row in enumerate(rows)
    )
    return SealedReferences(person, model, length, records)


def _unsealed(key: bytearray, sealed: SealedReferences) -> Embedding:
    opened = np.zeros((len(sealed.records), sealed.length), np.float32)
    for place, record in enumerate(sealed.records):
        content = unseal(key, record, sealed.context(place))
        opened[place] = content.view(np.float32)
        wipe(content)
    return opened


def _rewrapped(
    entry: RingEntry, person: str, was: tuple[int, bytearray], now: tuple[int, bytearray]
) -> RingEntry:
    """Return ``entry`` under the new key; one that does not open is damaged and stays so."""
    try:
        key = unseal_key(was[1], entry.wrapped, wrap_context(was[0], person, entry.file))
    except SealError:
        return entry
    wrapped = seal(now[1], key, wrap_context(now[0], person, entry.file))
    wipe_key(key)
    return RingEntry(entry.file, wrapped)
