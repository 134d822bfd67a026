"""Keep the retirement of each old terminal that held faces: NEEDS HUMAN until it is proven wiped.

An attestation of rule PR-03 proves it: who wiped it and how, a witness, and the hash of a photo of
the empty device (PIPL Art. 47; Order 19 Art. 8).
"""

from dataclasses import dataclass

from sqlalchemy import select

from controller.domain.moment import Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act
from controller.services.attestations import AttestationDraft, attest
from controller.services.site import new_pseudonym
from controller.storage.models import AttestationRow, OldTerminalRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.ids import id_to_text
from mqtt.contract.reasons import ReasonCode

__all__ = ["WIPED_RULE", "TerminalView", "list_terminal", "retire_terminal", "terminals"]

WIPED_RULE = "PR-03"


@dataclass(frozen=True, slots=True)
class TerminalView:
    """One old terminal; `wiped` is None until somebody has attested it."""

    id: bytes
    place: str
    maker: str
    serial: str
    people: int
    wiped: AttestationRow | None

    @property
    def verdict(self) -> str:
        """Return `PASS` once it is proven wiped, else `NEEDS HUMAN`."""
        return "NEEDS HUMAN" if self.wiped is None else "PASS"


def list_terminal(
    uow: UnitOfWork,
    actor: Actor,
    place: str,
    maker: str,
    serial: str,
    *,
    people: int,
    moment: Moment,
) -> bytes:
    """List an old terminal with how many faces it held. Raises RefusedError."""
    need_act(actor, Act.EDIT_COMPLIANCE)
    if not place.strip() or people < 0:
        raise Refusal(ReasonCode.CONFIG_INVALID, "PR-03", detail="place, people").as_error()
    row = OldTerminalRow(
        id=new_pseudonym(),
        place=place.strip(),
        maker=maker.strip(),
        serial=serial.strip(),
        people=people,
        listed_at_ms=moment.utc_ms,
        listed_by=actor.id,
    )
    uow.session.add(row)
    uow.session.flush()
    return row.id


def retire_terminal(
    uow: UnitOfWork,
    actor: Actor,
    terminal: bytes,
    how: str,
    witness: str,
    *,
    photo_hash: bytes,
    moment: Moment,
) -> AttestationRow:
    """Attest that a terminal is wiped.

    Raises RefusedError: `reason_required` without the way or a witness, `config_invalid` without
    the hash of a photo, `conflict` for one that is retired, `not_found`.
    """
    row = uow.need(OldTerminalRow, terminal)
    if row.attestation_id is not None:
        raise Refusal(ReasonCode.CONFLICT, WIPED_RULE, detail="retired").as_error()
    if not witness.strip():
        raise Refusal(ReasonCode.REASON_REQUIRED, WIPED_RULE, detail="witness").as_error()
    if not photo_hash:
        raise Refusal(ReasonCode.CONFIG_INVALID, WIPED_RULE, detail="photo_hash").as_error()
    subject = f"terminal:{id_to_text(terminal)}"
    draft = AttestationDraft(WIPED_RULE, how, subject, witness, photo_hash)
    made = attest(uow, actor, draft, moment)
    row.attestation_id = made.id
    uow.session.flush()
    return made


def terminals(uow: UnitOfWork) -> tuple[TerminalView, ...]:
    """Return every listed terminal, those that are not proven wiped first."""
    rows = uow.session.scalars(select(OldTerminalRow).order_by(OldTerminalRow.listed_at_ms)).all()
    views = [_view(uow, row) for row in rows]
    return tuple(sorted(views, key=lambda view: view.wiped is not None))


def _view(uow: UnitOfWork, row: OldTerminalRow) -> TerminalView:
    proof = None if row.attestation_id is None else uow.find(AttestationRow, row.attestation_id)
    return TerminalView(row.id, row.place, row.maker, row.serial, row.people, proof)
