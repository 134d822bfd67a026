"""Let new units in, and replace broken ones: token, ask, the manager's approval, certificate.

    make_token(uow, actor, gate, …)     a manager or installer, for one unit
    take_ask(uow, message, moment)      the unit; may be repeated word for word
    approve / refuse                    a manager, who compares the fingerprint on the unit
    issue_waiting(uow, site, …)         whoever holds the certificate authority

The web process has no authority: a unit's certificate is issued by a command at the broker's
keyboard or by its timer.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select

from controller.domain.moment import Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act, need_reason, record_act
from controller.services.gates import enrol_gate_key, revoke_gate
from controller.services.keys import signer_for, trust_anchor
from controller.services.site import Site
from controller.storage.models import GateRow, ProvisioningRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.provisioning import (
    DRAWN_BYTES,
    TOKEN_LIFE_MS,
    Answer,
    Ask,
    AskMessage,
    Token,
    fingerprint,
    mac_key,
    new_token,
    open_ask,
    seal_answer,
)
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import KeyScope

__all__ = [
    "BrokerPlace",
    "Issue",
    "approve",
    "fingerprint_asked",
    "issue_waiting",
    "make_token",
    "refuse",
    "take_ask",
    "units",
]

Issue = Callable[[bytes, str, bool], bytes]
"""Issue a certificate for a request and a gate; True revokes those before. Raises ContractError."""

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class BrokerPlace:
    """Where a unit finds the broker, and the root (PEM) that signs it."""

    host: str
    port: int
    root: bytes


def make_token(
    uow: UnitOfWork, actor: Actor, gate: str, *, replaces: bool, reason: str, moment: Moment
) -> Token:
    """Make a token for one unit; an older one of the gate that nobody used ends. Told once.

    Raises RefusedError: `role_not_allowed`, `reason_required`, `not_found`, `conflict` where the
    gate has a unit and this one does not replace it.
    """
    need_act(actor, Act.EDIT_GATES)
    need_reason(reason)
    row = uow.need(GateRow, gate)
    has_unit = bool(row.public_key) and row.revoked_at_ms is None
    if has_unit and not replaces:
        raise Refusal(ReasonCode.CONFLICT, "GA-02", detail="gate has a key").as_error()
    for old in units(uow):
        if old.gate == gate and old.state in {"open", "asked"}:
            _close(old, "refused", actor, moment)
    token = new_token(secrets.token_bytes(DRAWN_BYTES), _anchor(uow, moment))
    uow.session.add(
        ProvisioningRow(
            id=token.id,
            gate=gate,
            state="open",
            mac_key=mac_key(token.secret),
            replaces=replaces,
            reason=reason.strip(),
            made_at_ms=moment.utc_ms,
            made_by=actor.id,
            until_ms=moment.utc_ms + TOKEN_LIFE_MS,
        )
    )
    uow.session.flush()
    record_act(uow, moment, actor, Act.EDIT_GATES, actor.id, reason=f"token {gate}: {reason}")
    return token


def take_ask(uow: UnitOfWork, message: AskMessage, moment: Moment) -> ProvisioningRow:
    """Take what a unit asks, or answer the same ask again. The caller commits.

    Raises ContractError(`bad_signature`) alike for an unknown token and a wrong MAC, RefusedError
    (`expired`, `conflict` for another ask with a used token).
    """
    row = uow.find(ProvisioningRow, message.token)
    ask = open_ask(message, row.mac_key if row is not None else b"")
    if row is None:
        raise Refusal(ReasonCode.NOT_FOUND, "GA-03").as_error()
    if row.state == "open":
        if row.until_ms <= moment.utc_ms:
            raise Refusal(ReasonCode.EXPIRED, "GA-03", detail="token").as_error()
        if ask.gate != row.gate or len(ask.public_key) != _KEY_BYTES:
            raise Refusal(ReasonCode.CONFIG_INVALID, "GA-03", detail="gate").as_error()
        row.state, row.ask, row.asked_at_ms = "asked", message.body, moment.utc_ms
    elif row.ask != message.body:
        raise Refusal(ReasonCode.CONFLICT, "GA-03", detail="token").as_error()
    uow.session.flush()
    return row


def fingerprint_asked(row: ProvisioningRow) -> str:
    """Return the fingerprint that the unit shows, empty before it asked."""
    return fingerprint(codec.decode(row.ask, Ask).public_key) if row.ask else ""


def approve(
    uow: UnitOfWork, actor: Actor, unit: bytes, seen: str, moment: Moment
) -> ProvisioningRow:
    """Let a unit in; `seen` is the fingerprint that the manager read on it.

    A unit that replaces another revokes that one here: its key is believed no longer. Raises
    RefusedError: `role_not_allowed`, `not_found`, `conflict`, `not_allowed` for another
    fingerprint.
    """
    need_act(actor, Act.ROTATE_KEYS)
    row = _asked(uow, unit)
    ask = codec.decode(row.ask, Ask)
    if "".join(seen.split()).lower() != fingerprint(ask.public_key).replace(" ", ""):
        raise Refusal(ReasonCode.NOT_ALLOWED, "GA-03", detail="fingerprint").as_error()
    if row.replaces:
        revoke_gate(uow, row.gate, moment)
    enrol_gate_key(uow, row.gate, ask.public_key)
    _close(row, "approved", actor, moment)
    reason = f"unit of {row.gate}: {row.reason}"
    record_act(uow, moment, actor, Act.ROTATE_KEYS, actor.id, reason=reason)
    return row


def refuse(uow: UnitOfWork, actor: Actor, unit: bytes, moment: Moment) -> ProvisioningRow:
    """Turn a unit away. Raises RefusedError: `role_not_allowed`, `not_found`, `conflict`."""
    need_act(actor, Act.ROTATE_KEYS)
    row = uow.need(ProvisioningRow, unit)
    if row.state not in {"open", "asked"}:
        raise Refusal(ReasonCode.CONFLICT, "GA-03", detail="state").as_error()
    _close(row, "refused", actor, moment)
    return row


def issue_waiting(
    uow: UnitOfWork, site: Site, issue: Issue, broker: BrokerPlace, moment: Moment
) -> tuple[str, ...]:
    """Issue certificates for approved units and seal their answers; return the gates."""
    anchor, signer = _anchor(uow, moment), signer_for(uow, site, KeyScope.DOCUMENT, moment)
    done = []
    for row in units(uow):
        if row.state != "approved":
            continue
        ask = codec.decode(row.ask, Ask)
        certificate = issue(ask.request, row.gate, row.replaces)
        answer = Answer(
            site.name,
            row.gate,
            ask.public_key,
            anchor,
            broker.host,
            broker.port,
            broker.root,
            certificate,
        )
        row.answer, row.state = seal_answer(answer, signer), "issued"
        row.issued_at_ms = moment.utc_ms
        done.append(row.gate)
    uow.session.flush()
    return tuple(done)


def units(uow: UnitOfWork) -> tuple[ProvisioningRow, ...]:
    """Return every unit on its way in, newest first."""
    found = select(ProvisioningRow).order_by(ProvisioningRow.made_at_ms.desc())
    return tuple(uow.session.scalars(found))


def _asked(uow: UnitOfWork, unit: bytes) -> ProvisioningRow:
    row = uow.need(ProvisioningRow, unit)
    if row.state != "asked":
        raise Refusal(ReasonCode.CONFLICT, "GA-03", detail="state").as_error()
    return row


def _close(row: ProvisioningRow, state: str, actor: Actor, moment: Moment) -> None:
    row.state, row.decided_at_ms, row.decided_by = state, moment.utc_ms, actor.id


def _anchor(uow: UnitOfWork, moment: Moment) -> bytes:
    """Return the site's document key that a new unit trusts first."""
    return next(iter(trust_anchor(uow, moment).values()))
