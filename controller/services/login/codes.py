"""Check one-time codes (TOTP, RFC 6238): six digits, 30 s, one step of tolerance, each once."""

import base64
import hashlib

import pyotp

from controller.domain.moment import Moment
from controller.services.login.sealing import derive, open_sealed, seal
from controller.services.site import Site
from controller.storage.models import StaffCodeUseRow, StaffRow
from controller.storage.unit_of_work import UnitOfWork

__all__ = ["drawn_secret", "is_code_right", "keep_secret", "otp_address", "uses_code"]

_STEP_S = 30
_SECRET_BYTES = 20


def drawn_secret(uow: UnitOfWork, site: Site, about: bytes) -> str:
    """Return the base32 secret that a page offers; the same until `about` changes, kept nowhere."""
    raw = derive(uow, site, hashlib.sha256(b"totp" + about).digest(), _SECRET_BYTES)
    return base64.b32encode(raw).decode()


def otp_address(secret: str, login: str, compound: str) -> str:
    """Return the otpauth address that an authenticator reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=compound)


def keep_secret(uow: UnitOfWork, site: Site, staff: StaffRow, secret: str) -> None:
    """Make an account ask for codes of this secret from now on."""
    staff.totp_secret = seal(uow, site, secret.encode(), staff.id)
    uow.session.flush()


def uses_code(uow: UnitOfWork, site: Site, staff: StaffRow, code: str, moment: Moment) -> bool:
    """Check a code of an account and use it up; False for a wrong, old or used one.

    Raises StorageError where the secret cannot be opened.
    """
    secret = open_sealed(uow, site, staff.totp_secret, staff.id).decode()
    step = _step_of(secret, code, moment)
    if step is None:
        return False
    used = uow.find(StaffCodeUseRow, staff.id)
    if used is None:
        used = StaffCodeUseRow(staff_id=staff.id, step=0)
        uow.session.add(used)
    if step <= used.step:
        return False
    used.step = step
    uow.session.flush()
    return True


def is_code_right(secret: str, code: str, moment: Moment) -> bool:
    """Tell whether an authenticator that has just read this secret shows this code now."""
    return _step_of(secret, code, moment) is not None


def _step_of(secret: str, code: str, moment: Moment) -> int | None:
    plain, now = "".join(code.split()), moment.utc_s // _STEP_S
    totp = pyotp.TOTP(secret)
    for step in (now, now - 1, now + 1):
        if pyotp.utils.strings_equal(plain, totp.at(step * _STEP_S)):
            return step
    return None
