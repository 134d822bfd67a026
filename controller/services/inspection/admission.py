"""Admit inspectors by a file from the district, past any manager.

The district's public key is entered once, by the installer or manager, and changing it later is a
recorded act; from then on its files open accounts by themselves, each once.
"""

import hashlib

from controller.domain.moment import Moment
from controller.domain.refusal import Refusal
from controller.domain.roles import Act, Actor
from controller.services.acts import need_act, record_act
from controller.services.logbook.control import append
from controller.services.site import Site
from controller.services.staff import StaffDraft, add_account
from controller.storage.models import AdmissionRow, SiteValueRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.admission import open_admission
from mqtt.contract.control_log import ControlKind
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role

__all__ = ["admit_inspector", "district_key", "set_district_key"]

_NAME = "district_key"
_KEY_BYTES = 32


def district_key(uow: UnitOfWork) -> bytes:
    """Return the district's public key, or nothing where none was entered."""
    row = uow.find(SiteValueRow, _NAME)
    return b"" if row is None else row.value


def set_district_key(uow: UnitOfWork, actor: Actor, public_key: bytes, moment: Moment) -> None:
    """Enter the key. Raises RefusedError: `role_not_allowed`, `config_invalid`."""
    need_act(actor, Act.EDIT_GATES)
    if len(public_key) != _KEY_BYTES:
        raise Refusal(ReasonCode.CONFIG_INVALID, "IN-01", detail="32 bytes").as_error()
    uow.session.merge(SiteValueRow(name=_NAME, value=public_key))
    record_act(uow, moment, actor, Act.EDIT_GATES, actor.id, reason="district key")
    append(uow, moment, ControlKind.DRILL, step="district_key", key=public_key)
    uow.session.flush()


def admit_inspector(
    uow: UnitOfWork, site: Site, data: bytes, password: str, moment: Moment
) -> bytes:
    """Open the account that a file names, with the bearer's password; return its pseudonym.

    Raises ContractError for a file that is not the district's, for this site and now;
    RefusedError: `burnt` for one that was used, `conflict`, `config_invalid`.
    """
    admission = open_admission(data, site.name, district_key(uow), moment.utc_ms)
    hashed = hashlib.sha256(data).digest()
    if uow.find(AdmissionRow, hashed) is not None:
        raise Refusal(ReasonCode.BURNT, "IN-01").as_error()
    draft = StaffDraft(
        admission.login,
        admission.name,
        Role.INSPECTOR,
        password,
        valid_for_ms=admission.until_ms - moment.utc_ms,
    )
    staff = add_account(uow, draft, moment)
    uow.session.add(AdmissionRow(file_hash=hashed, staff_id=staff, used_at_ms=moment.utc_ms))
    append(uow, moment, ControlKind.DRILL, step="admitted", file=hashed)
    uow.session.flush()
    return staff
