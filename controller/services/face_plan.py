"""Refuse a change of gates, plans or face settings before it is saved, as the gates would (J11)."""

from controller.domain.moment import Moment
from controller.services.compiling import compile_gates
from controller.services.documents import check_rules
from controller.services.gates import config_of, gate_names
from controller.services.site import Site
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec
from mqtt.contract.consents import read_consents
from mqtt.contract.containment import check_leases
from mqtt.contract.errors import RefusedError
from mqtt.contract.findings import Finding, PolicyError
from mqtt.contract.ids import id_to_text
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import CredentialRecord
from mqtt.contract.topics import DocumentName

__all__ = ["check_plan"]


def check_plan(uow: UnitOfWork, site: Site, moment: Moment) -> None:
    """Compile what is about to be saved and refuse it if face would be needed or favoured.

    Raises RefusedError(`face_only`) with rule, article and the witness; PolicyError for anything
    else that a gate would refuse.
    """
    for gate, compiled in compile_gates(uow, site, gate_names(uow), moment).items():
        try:
            check_rules(compiled)
        except PolicyError as error:
            _raise_ruled(gate, error.findings)
            raise
        credentials = {
            key: codec.decode(raw, CredentialRecord)
            for key, raw in compiled[DocumentName.CREDENTIALS].items()
        }
        leases = read_consents(compiled[DocumentName.LEASES]).leases
        points = config_of(uow, site, gate).access_points
        by_text = {id_to_text(holder): lease for holder, lease in leases.items()}
        _raise_ruled(gate, tuple(check_leases(points, credentials, by_text)))


def _raise_ruled(gate: str, findings: tuple[Finding, ...]) -> None:
    for finding in findings:
        if finding.rule:
            raise RefusedError(
                ReasonCode.FACE_ONLY,
                rule=finding.rule,
                article=finding.article,
                detail=f"{gate}: {finding.where}",
            )
