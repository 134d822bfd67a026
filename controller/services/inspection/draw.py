"""Draw consents to interview, so that nobody who knows the compound can choose them.

The seed is SHA-256 over the inspector's dice and the newest checkpoint of the controller's log: the
dice were unknown before, and the log cannot be changed after. The order of consents is that of
SHA-256(seed, consent); anybody with the log can draw again.
"""

import hashlib
import re
from dataclasses import dataclass

from sqlalchemy import select

from controller.domain.moment import Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act, record_act
from controller.services.logbook.control import append, control_head
from controller.services.site import Site
from controller.storage.models import (
    DwellingRow,
    FaceConsentRow,
    GateRow,
    ResidenceRow,
)
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.control_log import ControlKind
from mqtt.contract.reasons import ReasonCode

__all__ = ["Drawn", "draw_consents", "draw_order"]

_DICE = re.compile(r"[1-6]{6,20}")
MOST = 30


@dataclass(frozen=True, slots=True)
class Drawn:
    """One consent to ask about: where to ring, at which gate and when the person said yes."""

    number: int
    dwelling: str
    gate: str
    given_at_ms: int
    notice: str


def draw_order(seed: bytes, consents: list[bytes]) -> list[bytes]:
    """Return consents in the order in which this seed draws them."""
    return sorted(consents, key=lambda each: hashlib.sha256(seed + each).digest())


def draw_consents(
    uow: UnitOfWork, site: Site, actor: Actor, dice: str, count: int, *, moment: Moment
) -> tuple[str, tuple[Drawn, ...]]:
    """Return the seed in hex and the consents drawn. The draw is an act, and stands in the log.

    `dice` are at least six throws, 1 to 6. Raises RefusedError: `config_invalid`,
    `role_not_allowed`.
    """
    need_act(actor, Act.INSPECT)
    if not _DICE.fullmatch(dice) or not 1 <= count <= MOST:
        raise Refusal(ReasonCode.CONFIG_INVALID, "IN-02", detail="dice: 6 throws, 1-6").as_error()
    head = control_head(uow)
    seed = hashlib.sha256(f"{site.name} {dice} {head.size} ".encode() + head.root).digest()
    rows = {
        row.id: row
        for row in uow.session.scalars(
            select(FaceConsentRow).where(FaceConsentRow.ended_at_ms.is_(None))
        )
    }
    chosen = [rows[each] for each in draw_order(seed, list(rows))[:count]]
    record_act(uow, moment, actor, Act.INSPECT, actor.id, reason="draw of consents")
    append(
        uow,
        moment,
        ControlKind.DRILL,
        step="draw",
        dice=dice,
        size=head.size,
        seed=seed,
        of=len(rows),
        drawn=len(chosen),
    )
    gates = {row.name: row.title or row.name for row in uow.session.scalars(select(GateRow))}
    drawn = tuple(
        Drawn(
            at, _dwelling(uow, row.holder_id), gates[row.gate], row.given_at_ms, row.notice_version
        )
        for at, row in enumerate(chosen, start=1)
    )
    return seed.hex(), drawn


def _dwelling(uow: UnitOfWork, holder: bytes) -> str:
    found = (
        select(DwellingRow.label)
        .join(ResidenceRow, ResidenceRow.dwelling_id == DwellingRow.id)
        .where(ResidenceRow.holder_id == holder, ResidenceRow.ended_at_ms.is_(None))
    )
    return uow.session.scalar(found.limit(1)) or ""
