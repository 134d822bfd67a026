"""Register and check passkeys (WebAuthn level 2): a key in the device, bound to this address.

User verification (finger, face or PIN of the person's own device) is required, so that a passkey
alone is two factors. What the device checks never leaves it.
"""

import hashlib
import secrets
from dataclasses import dataclass

import webauthn
from sqlalchemy import delete, select
from webauthn.helpers import options_to_json, parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from controller.domain.moment import Moment
from controller.domain.refusal import Refusal
from controller.services.staff import open_staff_session
from controller.storage.models import StaffChallengeRow, StaffPasskeyRow, StaffRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.errors import RefusedError
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "Asked",
    "Place",
    "add_passkey",
    "ask_new",
    "ask_sign_in",
    "end_passkey",
    "passkeys_of",
    "sign_in_with",
]

_CHALLENGE_LIFE_MS = 300_000
_NEW, _IN = "passkey_new", "passkey_in"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the pages are: the host name and the whole origin, as the browser knows them."""

    host: str
    origin: str
    title: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What the browser is asked (JSON for `navigator.credentials`), and the token to answer."""

    options: str
    token: str


def ask_new(uow: UnitOfWork, place: Place, staff: StaffRow, moment: Moment) -> Asked:
    """Ask a browser for a new passkey of this account; the caller commits."""
    token, challenge = _keep(uow, _NEW, staff.id, moment)
    options = webauthn.generate_registration_options(
        rp_id=place.host,
        rp_name=place.title,
        user_id=staff.id,
        user_name=staff.login,
        user_display_name=staff.name,
        challenge=challenge,
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=row.credential_id)
            for row in passkeys_of(uow, staff.id)
        ],
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
    )
    return Asked(options_to_json(options), token)


def add_passkey(
    uow: UnitOfWork, place: Place, token: str, answer: str, *, label: str, moment: Moment
) -> bytes:
    """Keep the passkey that a browser made; return the account's id.

    Raises RefusedError(`not_allowed`) where the answer does not belong to what was asked.
    """
    asked = _take(uow, _NEW, token, moment)
    if asked.staff_id is None:
        raise _refused()
    try:
        made = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=asked.challenge,
            expected_rp_id=place.host,
            expected_origin=place.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise _refused() from error
    uow.session.add(
        StaffPasskeyRow(
            credential_id=made.credential_id,
            staff_id=asked.staff_id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            label=label.strip()[:80] or "passkey",
            made_at_ms=moment.utc_ms,
        )
    )
    uow.session.flush()
    return asked.staff_id


def ask_sign_in(uow: UnitOfWork, place: Place, moment: Moment) -> Asked:
    """Ask a browser for any passkey of this site, whoever it is; the caller commits."""
    token, challenge = _keep(uow, _IN, None, moment)
    options = webauthn.generate_authentication_options(
        rp_id=place.host,
        challenge=challenge,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return Asked(options_to_json(options), token)


def sign_in_with(uow: UnitOfWork, place: Place, token: str, answer: str, moment: Moment) -> str:
    """Return the cookie of a new session for whoever's passkey answered.

    Raises RefusedError(`not_allowed`) alike for an unknown, ended or copied passkey, another site,
    an old question and a leaver.
    """
    asked = _take(uow, _IN, token, moment)
    try:
        said = parse_authentication_credential_json(answer)
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise _refused() from error
    row = uow.find(StaffPasskeyRow, said.raw_id)
    if row is None or row.ended_at_ms is not None:
        raise _refused()
    try:
        checked = webauthn.verify_authentication_response(
            credential=said,
            expected_challenge=asked.challenge,
            expected_rp_id=place.host,
            expected_origin=place.origin,
            credential_public_key=row.public_key,
            credential_current_sign_count=row.sign_count,
            require_user_verification=True,
        )
    except WebAuthnException as error:
        raise _refused() from error
    row.sign_count, row.used_at_ms = checked.new_sign_count, moment.utc_ms
    return open_staff_session(uow, row.staff_id, moment)


def passkeys_of(uow: UnitOfWork, staff: bytes) -> tuple[StaffPasskeyRow, ...]:
    """Return the passkeys that work."""
    found = select(StaffPasskeyRow).where(
        StaffPasskeyRow.staff_id == staff, StaffPasskeyRow.ended_at_ms.is_(None)
    )
    return tuple(uow.session.scalars(found.order_by(StaffPasskeyRow.made_at_ms)))


def end_passkey(uow: UnitOfWork, staff: bytes, credential: bytes, moment: Moment) -> None:
    """End one of an account's own passkeys, unless nothing else is left to sign in with.

    Raises RefusedError: `not_found`, `not_allowed`.
    """
    row = uow.need(StaffPasskeyRow, credential)
    if row.staff_id != staff:
        raise Refusal(ReasonCode.NOT_FOUND, "ST-06").as_error()
    account = uow.need(StaffRow, staff)
    if len(passkeys_of(uow, staff)) == 1 and not account.totp_secret:
        raise Refusal(ReasonCode.NOT_ALLOWED, "ST-06", detail="last passkey").as_error()
    row.ended_at_ms = moment.utc_ms
    uow.session.flush()


def _keep(uow: UnitOfWork, purpose: str, staff: bytes | None, moment: Moment) -> tuple[str, bytes]:
    uow.session.execute(
        delete(StaffChallengeRow).where(StaffChallengeRow.until_ms <= moment.utc_ms)
    )
    token, challenge = secrets.token_urlsafe(24), secrets.token_bytes(32)
    row = StaffChallengeRow(
        id=hashlib.sha256(token.encode()).digest(),
        purpose=purpose,
        challenge=challenge,
        staff_id=staff,
        until_ms=moment.utc_ms + _CHALLENGE_LIFE_MS,
    )
    uow.session.add(row)
    uow.session.flush()
    return token, challenge


def _take(uow: UnitOfWork, purpose: str, token: str, moment: Moment) -> StaffChallengeRow:
    """Return what was asked and forget it: every question is answered once."""
    row = uow.find(StaffChallengeRow, hashlib.sha256(token.encode()).digest())
    if row is None or row.purpose != purpose or row.until_ms <= moment.utc_ms:
        raise _refused()
    uow.session.delete(row)
    uow.session.flush()
    return row


def _refused() -> RefusedError:
    return Refusal(ReasonCode.NOT_ALLOWED, "ST-06", detail="passkey").as_error()
