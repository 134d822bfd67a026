"""Make the recovery key, which changes the operator without the former one.

It is one more document key that every gate learns with its next `keys` document. Its private half
is never stored: it is split at once between owners' committee and street office.
"""

import secrets

from sqlalchemy import select

from controller.domain.moment import DAY_MS, Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.domain.shares import SECRET_BYTES, Shares, join, split
from controller.services.acts import need_act
from controller.services.attestations import AttestationDraft, attest
from controller.storage.models import SiteKeyRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.envelope import Ed25519Signer, key_id
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import KeyScope

__all__ = ["RECOVERY_LIFE_MS", "make_recovery", "recovered_seed", "recovery_rows"]

RECOVERY_LIFE_MS = 20 * 366 * DAY_MS
_RULE = "PR-03"


def make_recovery(uow: UnitOfWork, actor: Actor, witness: str, moment: Moment) -> Shares:
    """Make a new recovery key and return its shares, which are told once; former ones end.

    The caller commits and publishes. Raises RefusedError(`role_not_allowed`).
    """
    need_act(actor, Act.ROTATE_KEYS)
    for row in recovery_rows(uow):
        row.withdrawn_at_ms = moment.utc_ms
    seed = secrets.token_bytes(SECRET_BYTES)
    public_key = Ed25519Signer.from_seed(seed).public_key
    row = SiteKeyRow(
        kid=key_id(public_key),
        public_key=public_key,
        scopes=(KeyScope.DOCUMENT.value,),
        not_before_ms=moment.utc_ms - DAY_MS,
        sign_until_ms=moment.utc_ms - DAY_MS,
        not_after_ms=moment.utc_ms + RECOVERY_LIFE_MS,
        created_at_ms=moment.utc_ms,
    )
    uow.session.add(row)
    uow.session.flush()
    said = f"recovery key {row.kid.hex()[:8]} split for owners' committee and street office"
    attest(uow, actor, AttestationDraft(_RULE, said, witness=witness), moment)
    return split(seed, secrets.token_bytes(SECRET_BYTES), row.kid)


def recovered_seed(uow: UnitOfWork, first: str, second: str) -> bytes:
    """Return the private half from its two shares.

    Raises RefusedError(`config_invalid`) for shares that are mistyped, no pair, or of another key
    than the one in force.
    """
    joined = join(first, second)
    if isinstance(joined, Refusal):
        raise joined.as_error()
    kid, seed = joined
    known = {row.kid for row in recovery_rows(uow)}
    if kid not in known or key_id(Ed25519Signer.from_seed(seed).public_key) != kid:
        detail = "shares: of another key"
        raise Refusal(ReasonCode.CONFIG_INVALID, "RK-02", detail=detail).as_error()
    return seed


def recovery_rows(uow: UnitOfWork) -> tuple[SiteKeyRow, ...]:
    """Return the recovery keys in force, at most one."""
    found = select(SiteKeyRow).where(
        SiteKeyRow.withdrawn_at_ms.is_(None), SiteKeyRow.sign_until_ms <= SiteKeyRow.not_before_ms
    )
    return tuple(uow.session.scalars(found))
