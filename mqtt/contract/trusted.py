"""Hold a gate's documents and take in new ones; no I/O, no clock, never worse than before.

How the daemon drives it:

    trusted = TrustedDocuments(site, gate, roots)          roots: kid -> public key, from set-up
    damaged = trusted.restore(store.documents())           at start, from disk
    progress = trusted.hear_header(name, payload, now)     for each message on dn/want/<name>
    progress = trusted.hear_chunk(name, payload, now)      for each message on dn/doc/<name>

Then, for each call: save every `accepted` document, publish every `ask` (`ask.message()` on
up/get/<name>), log `refused`. After a reconnect or a silence, publish `trusted.asks()`; ask again
for one document at most every few seconds, because a hostile broker can spoil any number of copies.
`held`, `versions`, `keys` and `key_records` tell what is in force.

Rules:
1. A header counts only if a key of scope `document` signed it for this site and gate. Until a keys
   document is held the roots are those keys; from then on only the keys in it are, so that a root
   or an older key is retired by leaving it out. A new key thus comes in by a keys document that a
   key accepted before has signed. A header by a key not yet known is kept and tried again when a
   new keys document is accepted, because documents arrive in any order; a header whose document is
   not whole yet is judged again by the new keys.
2. A version below the held one is refused (`rollback`), the same version with other content too
   (`fork`). The last good document stays in force in every case.
3. Chunks are unsigned. They are collected in any order, doubled or not, and count only when the
   whole has the digest of the signed header. Any doubt (another base, another total, two contents
   for one place, a wrong digest) drops them and asks for a full copy.
4. A document that is whole but that `check` refuses is not asked for again; only a newer one is.
5. What is pending is bounded in bytes and number.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mqtt.contract import codec, documents
from mqtt.contract.documents import Chunk, DocumentHeader, Get, Held, Wanted
from mqtt.contract.errors import ConfigError, ContractError, EqualGateError
from mqtt.contract.keys import keys_for, read_keys
from mqtt.contract.policy import check_document
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import KeyRecord, KeyScope
from mqtt.contract.topics import DocumentName

__all__ = [
    "MAX_CHUNKS",
    "MAX_PENDING_BYTES",
    "Accepted",
    "Ask",
    "DocumentCheck",
    "Progress",
    "TrustedDocuments",
]

MAX_CHUNKS = 512
"""Most chunks of one document; at 48 KiB each far above 100,000 credentials."""
MAX_PENDING_BYTES = 24 * 1024 * 1024
"""Most bytes of chunks kept for one document that is not whole yet."""

DocumentCheck = Callable[[DocumentName, Held], None]
"""Looks at the records of a whole document and raises ConfigError or ContractError to refuse it."""

_NOTHING = Held(0, b"", {})


@dataclass(frozen=True, slots=True)
class Ask:
    """What to publish on `up/get/<name>`."""

    name: DocumentName
    wanted: Wanted
    have_version: int
    have_digest: bytes

    def message(self) -> bytes:
        """Return the encoded request."""
        return codec.encode(Get(self.have_version, self.have_digest, self.wanted))


@dataclass(frozen=True, slots=True)
class Accepted:
    """A document that is in force from now on; `issued_at_ms` is the controller's UTC time."""

    name: DocumentName
    held: Held
    issued_at_ms: int


@dataclass(frozen=True, slots=True)
class Progress:
    """What one message led to.

    `current` tells that the header named exactly what is held: the list is up to date. `refused`
    is why the message changed nothing, for the log and the event; harmless repetitions leave it
    None.
    """

    accepted: tuple[Accepted, ...] = ()
    asks: tuple[Ask, ...] = ()
    refused: EqualGateError | None = None
    current: bool = False


@dataclass(slots=True)
class _Pending:
    signed: bytes
    header: DocumentHeader
    wanted: Wanted
    chunks: dict[int, Chunk] = field(default_factory=dict)
    size: int = 0

    def clear(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.chunks = {}
        self.size = 0


class TrustedDocuments:
    """The documents of one gate; see the module text for how to drive it.

    `roots` maps key id to raw public key; `check` refuses documents that are signed but senseless
    (by default whatever `policy.check_document` finds).
    """

    def __init__(
        self,
        site: str,
        gate: str,
        roots: Mapping[bytes, bytes],
        check: DocumentCheck = check_document,
    ) -> None:
        self._site = site
        self._gate = gate
        self._roots = dict(roots)
        self._check = check
        self._held: dict[DocumentName, Held] = {}
        self._key_records: Mapping[bytes, KeyRecord] = {}
        self._floors: dict[DocumentName, int] = {}
        self._pending: dict[DocumentName, _Pending] = {}
        self._unknown_signer: dict[DocumentName, bytes] = {}
        self._refused: dict[DocumentName, tuple[int, bytes]] = {}

    def restore(self, stored: Mapping[DocumentName, Held]) -> frozenset[DocumentName]:
        """Take up what was saved; return the names of damaged documents.

        A damaged document is not used, and nothing older than it is taken instead. Signatures are
        not checked again: whoever can write the gate's disk already owns the gate.
        """
        damaged = set()
        for name, held in stored.items():
            try:
                documents.check_digest(held)
                if name is DocumentName.KEYS:
                    self._key_records = read_keys(held)
            except ContractError:
                self._floors[name] = held.version
                damaged.add(name)
            else:
                self._held[name] = held
        return frozenset(damaged)

    def held(self, name: DocumentName) -> Held:
        """Return the document in force; version 0 without records if there is none."""
        return self._held.get(name, _NOTHING)

    def versions(self) -> dict[str, tuple[int, bytes]]:
        """Return name -> (version, digest) of every held document, for the birth."""
        return {name.value: (held.version, held.digest) for name, held in self._held.items()}

    def key_records(self) -> Mapping[bytes, KeyRecord]:
        """Return every key in force by its 8-byte id, for passes and carried revocations."""
        return self._key_records

    def keys(self, scope: KeyScope, now_ms: int | None) -> dict[bytes, bytes]:
        """Return kid -> public key of the keys that may sign `scope` at `now_ms` (UTC).

        With `now_ms` None (clock not trusted) the keys' windows are not judged. For `document`
        the roots are returned until a keys document is held.
        """
        if scope is KeyScope.DOCUMENT and DocumentName.KEYS not in self._held:
            return dict(self._roots)
        return keys_for(self._key_records, scope, now_ms)

    def asks(self) -> tuple[Ask, ...]:
        """Return the request for every document that is named by a header but not whole."""
        return tuple(self._ask(name, pending.wanted) for name, pending in self._pending.items())

    def hear_header(self, name: DocumentName, data: bytes, now_ms: int | None) -> Progress:
        """Take a message from `dn/want/<name>`; never raises for what is in it."""
        keys = self.keys(KeyScope.DOCUMENT, now_ms)
        try:
            header = documents.open_header(data, self._site, self._gate, name, keys)
            self._check_version(header)
        except ContractError as error:
            if error.code is ReasonCode.UNKNOWN_KEY:
                self._unknown_signer[name] = data
            return Progress(refused=error)
        self._unknown_signer.pop(name, None)
        if header.version == self.held(name).version:
            return Progress(current=True)
        pending = self._pending.get(name)
        if pending is None or pending.header.version < header.version:
            wanted = Wanted.DELTA if name in self._held else Wanted.FULL
            pending = self._pending[name] = _Pending(data, header, wanted)
        return Progress(asks=(self._ask(name, pending.wanted),))

    def hear_chunk(self, name: DocumentName, data: bytes, now_ms: int | None) -> Progress:
        """Take a message from `dn/doc/<name>`; never raises for what is in it."""
        pending = self._pending.get(name)
        try:
            chunk = codec.decode(data, Chunk)
        except ContractError as error:
            return Progress(refused=error)
        if chunk.name is not name or not 0 <= chunk.index < chunk.total <= MAX_CHUNKS:
            return Progress(refused=ContractError(ReasonCode.INCOMPLETE))
        if pending is None or chunk.version != pending.header.version:
            return Progress()
        if chunk.base_version and pending.wanted is Wanted.FULL:
            return Progress()
        doubt = self._doubt(pending, chunk)
        if doubt is not None:
            return self._start_over(name, pending, doubt)
        if chunk.index not in pending.chunks:
            pending.chunks[chunk.index] = chunk
            pending.size += len(data)
        if len(pending.chunks) < chunk.total:
            return Progress()
        return self._finish(name, pending, now_ms)

    def _check_version(self, header: DocumentHeader) -> None:
        """Refuse what is older than, or contradicts, what is held, pending or already refused."""
        name = header.name
        held = self.held(name)
        if header.version < max(held.version, self._floors.get(name, 0), 1):
            raise ContractError(ReasonCode.ROLLBACK)
        if header.version == held.version and header.digest != held.digest:
            raise ContractError(ReasonCode.FORK)
        if self._refused.get(name) == (header.version, header.digest):
            raise ContractError(ReasonCode.CONFIG_INVALID)
        pending = self._pending.get(name)
        if pending is not None and pending.header.version > header.version > held.version:
            raise ContractError(ReasonCode.ROLLBACK)
        same = pending is not None and pending.header.version == header.version
        if pending is not None and same and pending.header.digest != header.digest:
            raise ContractError(ReasonCode.FORK)

    def _doubt(self, pending: _Pending, chunk: Chunk) -> ReasonCode | None:
        """Return why `chunk` cannot belong to the same copy as the chunks so far, or None."""
        if chunk.base_version not in {0, self.held(chunk.name).version}:
            return ReasonCode.BASE_MISMATCH
        first = next(iter(pending.chunks.values()), chunk)
        if (first.base_version, first.total) != (chunk.base_version, chunk.total):
            return ReasonCode.INCOMPLETE
        if pending.chunks.get(chunk.index, chunk) != chunk:
            return ReasonCode.DIGEST_MISMATCH
        return ReasonCode.TOO_LARGE if pending.size > MAX_PENDING_BYTES else None

    def _start_over(self, name: DocumentName, pending: _Pending, code: ReasonCode) -> Progress:
        pending.clear(Wanted.FULL)
        return Progress(asks=(self._ask(name, Wanted.FULL),), refused=ContractError(code))

    def _finish(self, name: DocumentName, pending: _Pending, now_ms: int | None) -> Progress:
        header = pending.header
        try:
            held = documents.apply(self.held(name), header, pending.chunks.values())
        except ContractError as error:
            return self._start_over(name, pending, error.code)
        del self._pending[name]
        try:
            keys = read_keys(held) if name is DocumentName.KEYS else self._key_records
            self._check(name, held)
        except (ConfigError, ContractError) as error:
            self._refused[name] = (header.version, header.digest)
            return Progress(refused=error)
        self._held[name], self._key_records = held, keys
        self._floors.pop(name, None)
        self._refused.pop(name, None)
        accepted = (Accepted(name, held, header.issued_at_ms),)
        return Progress(accepted, self._try_again(now_ms) if name is DocumentName.KEYS else ())

    def _try_again(self, now_ms: int | None) -> tuple[Ask, ...]:
        """Judge by the new keys what was unknown before and what is not whole yet."""
        waiting = {name: pending.signed for name, pending in self._pending.items()}
        waiting |= self._unknown_signer
        self._pending, self._unknown_signer = {}, {}
        heard = [self.hear_header(name, data, now_ms) for name, data in waiting.items()]
        return tuple(ask for progress in heard for ask in progress.asks)

    def _ask(self, name: DocumentName, wanted: Wanted) -> Ask:
        held = self.held(name)
        return Ask(name, wanted, held.version, held.digest)
