"""Seal small secrets of staff accounts, so that a copy of the database alone is worth nothing.

The key follows from a signature that only the site's keystore can make (Ed25519 signatures are
deterministic), so no second secret has to be kept, copied and lost.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from controller.services.site import Site
from controller.storage.models import SiteValueRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.envelope import key_id
from mqtt.contract.errors import StorageError
from mqtt.contract.reasons import ReasonCode

__all__ = ["derive", "ensure_seal", "open_sealed", "seal"]

_KEY = "login_seal_kid"
_NONCE_BYTES = 12
_SEED_BYTES = 32


def seal(uow: UnitOfWork, site: Site, secret: bytes, owner: bytes) -> bytes:
    """Return `secret` sealed for one account; the caller commits. Raises StorageError."""
    kid = _kid(uow)
    if kid is None:
        kid = _new_key(uow, site)
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(_key(site, kid)).encrypt(nonce, secret, owner)


def open_sealed(uow: UnitOfWork, site: Site, sealed: bytes, owner: bytes) -> bytes:
    """Return the secret again.

    Raises StorageError(`file_unreadable`) where it was changed or belongs to another account, and
    UnavailableError(`unknown_key`) where the keystore lacks the key.
    """
    kid = _kid(uow)
    if kid is None:
        raise StorageError(ReasonCode.FILE_UNREADABLE, "login seal")
    nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    try:
        return AESGCM(_key(site, kid)).decrypt(nonce, body, owner)
    except (InvalidTag, ValueError) as error:
        raise StorageError(ReasonCode.FILE_UNREADABLE, "login seal") from error


def ensure_seal(uow: UnitOfWork, site: Site) -> None:
    """Make the sealing key if there is none yet; the caller commits. Raises StorageError."""
    if _kid(uow) is None:
        _new_key(uow, site)


def derive(uow: UnitOfWork, site: Site, about: bytes, length: int) -> bytes:
    """Return bytes that only this site can make, the same for the same `about`; saves nothing.

    Raises StorageError(`file_unreadable`) before `ensure_seal` was ever called.
    """
    kid = _kid(uow)
    if kid is None:
        raise StorageError(ReasonCode.FILE_UNREADABLE, "login seal")
    return HKDF(SHA256(), length, None, b"equalgate login draw").derive(_key(site, kid) + about)


def _kid(uow: UnitOfWork) -> bytes | None:
    row = uow.find(SiteValueRow, _KEY)
    return row.value if row is not None else None


def _new_key(uow: UnitOfWork, site: Site) -> bytes:
    kid = key_id(site.keystore.add(secrets.token_bytes(_SEED_BYTES)))
    uow.session.add(SiteValueRow(name=_KEY, value=kid))
    uow.session.flush()
    return kid


def _key(site: Site, kid: bytes) -> bytes:
    signed = site.keystore.signer(kid).sign(b"equalgate login seal v1")
    return HKDF(SHA256(), 32, None, b"equalgate login seal").derive(signed)
