"""Tell another system what happens at the gates, signed and without persons; off unless it is set.

Signing follows Standard Webhooks (standardwebhooks.com): HMAC-SHA256 over `id.timestamp.body`.
Messages wait in the database and are tried for about two days; each carries one id, so that the
other side drops what it has already.
"""

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy import delete, select

from controller.domain.moment import DAY_MS, Moment
from controller.storage.models import EventRow, SiteValueRow, WebhookMessageRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.events import EventKind

__all__ = [
    "BACK_OFF_S",
    "Endpoint",
    "MemoryPoster",
    "Poster",
    "deliver",
    "fill_outbox",
    "forget_messages",
    "signed_headers",
]

BACK_OFF_S = (5, 30, 120, 600, 3_600, 21_600, 86_400)
"""How long to wait after each failed try; after the last one a message is given up."""
_CURSOR = "webhook_cursor"
_MOST = 200
_KEPT_MS = 3 * DAY_MS
_TOLD = (
    EventKind.DECISION.value,
    EventKind.DOOR.value,
    EventKind.GUARD.value,
    EventKind.HEALTH.value,
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to and with which secret."""

    url: str
    secret: bytes = field(repr=False)


class Poster(Protocol):
    """Whatever posts a body; true for an answer of 2xx, false for anything else."""

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> bool:
        """Post once and return whether it was taken. Never raises."""


@dataclass(slots=True)
class MemoryPoster:
    """Keep what was posted; `is_away` refuses it like a peer that is down."""

    sent: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)
    is_away: bool = False

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> bool:
        """Keep the message."""
        if not self.is_away:
            self.sent.append((url, body, headers))
        return not self.is_away


def signed_headers(secret: bytes, message_id: str, at_s: int, body: bytes) -> dict[str, str]:
    """Return the headers of Standard Webhooks for a body."""
    content = f"{message_id}.{at_s}.".encode() + body
    mac = base64.b64encode(hmac.new(secret, content, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at_s),
        "webhook-signature": f"v1,{mac}",
        "content-type": "application/json",
    }


def fill_outbox(uow: UnitOfWork, moment: Moment) -> int:
    """Put the next events into the outbox; the first call begins with what comes after it."""
    newest = uow.session.scalar(select(EventRow.id).order_by(EventRow.id.desc()).limit(1)) or 0
    cursor = uow.find(SiteValueRow, _CURSOR)
    if cursor is None:
        uow.session.add(SiteValueRow(name=_CURSOR, value=str(newest).encode()))
        uow.session.flush()
        return 0
    after = int(cursor.value)
    rows = uow.session.scalars(
        select(EventRow)
        .where(EventRow.id > after, EventRow.kind.in_(_TOLD))
        .order_by(EventRow.id)
        .limit(_MOST)
    ).all()
    for row in rows:
        uow.session.add(_message(row, moment))
    cursor.value = str(rows[-1].id if len(rows) == _MOST else newest).encode()
    uow.session.flush()
    return len(rows)


def deliver(uow: UnitOfWork, endpoint: Endpoint, poster: Poster, moment: Moment) -> int:
    """Post what is due, in order; return how many were taken. One that fails holds up the rest."""
    due = uow.session.scalars(
        select(WebhookMessageRow)
        .where(WebhookMessageRow.status == "waiting", WebhookMessageRow.next_at_ms <= moment.utc_ms)
        .order_by(WebhookMessageRow.id)
        .limit(_MOST)
    ).all()
    taken = 0
    for row in due:
        body = row.body.encode()
        headers = signed_headers(endpoint.secret, row.message_id, moment.utc_s, body)
        if poster.post(endpoint.url, body, headers):
            row.status, taken = "delivered", taken + 1
            continue
        row.tries += 1
        if row.tries > len(BACK_OFF_S):
            row.status = "given_up"
        else:
            row.next_at_ms = moment.utc_ms + BACK_OFF_S[row.tries - 1] * 1000
        break
    uow.session.flush()
    return taken


def forget_messages(uow: UnitOfWork, moment: Moment) -> None:
    """Delete what was delivered or given up three days ago."""
    uow.session.execute(
        delete(WebhookMessageRow).where(
            WebhookMessageRow.status != "waiting",
            WebhookMessageRow.made_at_ms < moment.utc_ms - _KEPT_MS,
        )
    )


def _message(row: EventRow, moment: Moment) -> WebhookMessageRow:
    kind = f"gate.{row.kind}"
    body = {
        "type": kind,
        "timestamp": row.at_s,
        "data": {
            "gate": row.gate,
            "access_point": row.access_point,
            "outcome": row.outcome,
            "reason": row.reason,
            "adapter_kind": row.adapter_kind,
        },
    }
    return WebhookMessageRow(
        message_id=f"msg_{secrets.token_hex(12)}",
        kind=kind,
        body=json.dumps(body, separators=(",", ":")),
        made_at_ms=moment.utc_ms,
        next_at_ms=moment.utc_ms,
        tries=0,
        status="waiting",
    )
