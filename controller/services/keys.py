"""Make, use, rotate and withdraw the site's signing keys.

One key signs one scope, so that a visitor key can mint no resident pass. `ensure_keys` runs at
start and once a day; it makes successors 14 days ahead.
"""

import secrets

from sqlalchemy import select

from controller.domain.keys import (
    EARLY_MS,
    SIGNS_FOR_MS,
    SiteKey,
    believed_after_ms,
    missing,
    signing_key,
)
from controller.domain.moment import Moment
from controller.services.site import Site
from controller.storage.models import GateRow, SiteKeyRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.entry_pass import pass_kid
from mqtt.contract.envelope import Ed25519Signer, Signer, key_id
from mqtt.contract.errors import UnavailableError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import KeyRecord, KeyScope

__all__ = [
    "believed_keys",
    "ensure_keys",
    "every_key",
    "key_records",
    "signer_for",
    "trust_anchor",
    "withdraw_key",
]

_SEED_BYTES = 32
_WITHOUT_END_MS = 2**53 - 1
"""The largest instant on the wire; a gate's key ends by leaving the document."""


def ensure_keys(uow: UnitOfWork, site: Site, moment: Moment) -> tuple[SiteKey, ...]:
    """Make every key that is missing or due; return the new ones. The caller commits.

    Raises StorageError if the keystore cannot keep them.
    """
    known = _keys(uow)
    made = []
    for scope in missing(known, moment.utc_ms):
        key = _make(uow, site, scope, moment, {pass_kid(key.public_key) for key in known})
        known.append(key)
        made.append(key)
    return tuple(made)


def signer_for(uow: UnitOfWork, site: Site, scope: KeyScope, moment: Moment) -> Signer:
    """Return the signer of a scope. Raises UnavailableError(`unknown_key`) where none is alive."""
    key = signing_key(_keys(uow), scope, moment.utc_ms)
    if key is None:
        raise UnavailableError(ReasonCode.UNKNOWN_KEY, scope.value)
    return site.keystore.signer(key.kid)


def believed_keys(uow: UnitOfWork, moment: Moment) -> tuple[SiteKey, ...]:
    """Return the keys that gates should accept now, in the order of their ids."""
    alive = [key for key in _keys(uow) if key.is_believed(moment.utc_ms)]
    return tuple(sorted(alive, key=lambda key: key.kid))


def every_key(uow: UnitOfWork) -> tuple[SiteKey, ...]:
    """Return all keys that there ever were, for those who check old signatures."""
    return tuple(_keys(uow))


def key_records(uow: UnitOfWork, moment: Moment) -> dict[str, KeyRecord]:
    """Return the records of the `keys` document: key id in hex to record.

    With them go the gates' own keys, by which gates believe each other's redemptions.
    """
    gates = uow.session.scalars(
        select(GateRow).where(GateRow.revoked_at_ms.is_(None), GateRow.public_key != b"")
    )
    own = {
        key_id(row.public_key).hex(): KeyRecord(
            row.public_key, (KeyScope.REDEMPTION,), 0, _WITHOUT_END_MS, row.name
        )
        for row in gates
    }
    return own | {
        key.kid.hex(): KeyRecord(key.public_key, key.scopes, key.not_before_ms, key.not_after_ms)
        for key in believed_keys(uow, moment)
    }


def trust_anchor(uow: UnitOfWork, moment: Moment) -> dict[bytes, bytes]:
    """Return the document keys (kid to public key) that a new gate is set up with."""
    keys = believed_keys(uow, moment)
    return {
        key.kid: key.public_key
        for key in keys
        if KeyScope.DOCUMENT in key.scopes and not key.is_recovery
    }


def withdraw_key(uow: UnitOfWork, site: Site, kid: bytes, moment: Moment) -> SiteKey:
    """Stop believing a key at once and make its successor; commits, then destroys the key.

    A document key's place is taken by the standing one that gates know. For a key that may be
    known to somebody else. What it signed dies with it: paper passes must be issued again. Raises
    RefusedError(`not_found`).
    """
    row = uow.need(SiteKeyRow, kid)
    row.withdrawn_at_ms = moment.utc_ms
    uow.session.flush()
    made = ensure_keys(uow, site, moment)
    uow.commit()
    site.keystore.remove(kid)
    scope = KeyScope(row.scopes[0])
    successors = [key for key in made if scope in key.scopes]
    return successors[0] if successors else _as_key(row)


def _make(
    uow: UnitOfWork, site: Site, scope: KeyScope, moment: Moment, taken: set[bytes]
) -> SiteKey:
    seed = _fresh_seed(taken)
    public_key = site.keystore.add(seed)
    sign_until_ms = moment.utc_ms + SIGNS_FOR_MS
    row = SiteKeyRow(
        kid=key_id(public_key),
        public_key=public_key,
        scopes=(scope.value,),
        not_before_ms=moment.utc_ms - EARLY_MS,
        sign_until_ms=sign_until_ms,
        not_after_ms=sign_until_ms + believed_after_ms(scope),
        created_at_ms=moment.utc_ms,
    )
    uow.session.add(row)
    uow.session.flush()
    return _as_key(row)


def _fresh_seed(taken: set[bytes]) -> bytes:
    """Draw until the short name of the key, as passes carry it, belongs to no other key."""
    while True:
        seed = secrets.token_bytes(_SEED_BYTES)
        if pass_kid(Ed25519Signer.from_seed(seed).public_key) not in taken:
            return seed


def _keys(uow: UnitOfWork) -> list[SiteKey]:
    return [_as_key(row) for row in uow.session.scalars(select(SiteKeyRow))]


def _as_key(row: SiteKeyRow) -> SiteKey:
    return SiteKey(
        row.kid,
        row.public_key,
        tuple(KeyScope(scope) for scope in row.scopes),
        row.not_before_ms,
        row.sign_until_ms,
        row.not_after_ms,
        withdrawn=row.withdrawn_at_ms is not None,
    )
