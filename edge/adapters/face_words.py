"""Turn the face worker's words into reasons and inputs, and orders into its commands.

A word that is not known here is the harmless one of its kind; a person that is no pseudonym is
nobody.
"""

from edge import worker_wire as wire
from edge.domain import face_orders as orders
from edge.domain.face_inputs import FaceCounts
from edge.domain.face_orders import FaceOrder
from mqtt.contract.errors import ContractError
from mqtt.contract.ids import id_from_text, id_to_text, parse_pseudonym
from mqtt.contract.reasons import ReasonCode

__all__ = ["ANSWERS", "HINTS", "OFF", "calibration_note", "command_of", "counts_of", "holder_of"]

OFF = {
    "self_test_failed": ReasonCode.FACE_SELF_TEST_FAILED,
    "references_alike": ReasonCode.FACE_SELF_TEST_FAILED,
    "pad_not_installed": ReasonCode.PAD_NOT_ACCEPTED,
    "not_installed": ReasonCode.METHOD_NOT_INSTALLED,
    "no_engine": ReasonCode.METHOD_NOT_INSTALLED,
    "preparing": ReasonCode.FACE_PREPARING,
}
"""Why the worker is off; any other word is `face_off`."""
ANSWERS = {
    "no_match": ReasonCode.NO_MATCH,
    "ambiguous": ReasonCode.AMBIGUOUS,
    "pad_failed": ReasonCode.PAD_FAILED,
    "no_face": ReasonCode.NO_FACE,
    "low_quality": ReasonCode.LOW_QUALITY,
    "camera_fault": ReasonCode.CAMERA_FAULT,
    "resting": ReasonCode.RATE_LIMITED,
    "late": ReasonCode.TIMEOUT,
    **OFF,
}
"""Why an attempt named nobody; any other word is `face_off`."""
HINTS = {
    code.value: code
    for code in (
        ReasonCode.COME_CLOSER,
        ReasonCode.STEP_BACK,
        ReasonCode.LOOK_HERE,
        ReasonCode.MORE_LIGHT,
        ReasonCode.LESS_LIGHT,
        ReasonCode.HOLD_STILL,
        ReasonCode.UNCOVER_FACE,
        ReasonCode.ONE_PERSON,
    )
}
"""What the person at the camera should do; any other word is `look_here`."""


def command_of(order: FaceOrder) -> wire.Message:
    """Return the command for an order; the notice is no order to the worker."""
    match order:
        case orders.ArmFace(place, deadline_ms):
            return wire.FaceArm(place, deadline_ms)
        case orders.DisarmFace(place):
            return wire.FaceDisarm(place)
        case orders.AllowFace(holder, until_ms):
            return wire.FaceAllow(id_to_text(holder), until_ms)
        case orders.RevokeFace(holder):
            return wire.FaceRevoke(id_to_text(holder))
        case orders.EnrolFace(place, holder, deadline_ms):
            return wire.FaceEnrol(place, id_to_text(holder), deadline_ms)
        case orders.StopEnrolment(place):
            return wire.FaceEnrolStop(place)
        case _:
            return wire.FaceListStored()


def holder_of(person: str) -> bytes:
    """Return the pseudonym that a person's text stands for, or nothing."""
    try:
        return parse_pseudonym(id_from_text(person))
    except ContractError:
        return b""


def counts_of(message: wire.FaceCounters) -> FaceCounts:
    """Return the counts of a report."""
    return FaceCounts(
        message.armed,
        message.frames,
        message.detections,
        message.pad_votes,
        message.embeddings,
        message.unknown,
    )


def calibration_note(point: wire.FaceCalibration) -> str:
    """Return the aggregates in the room of a note; no score of anybody is among them."""
    return (
        f"n={point.people} {point.method} t={point.threshold_e4} f={point.floor_e4} "
        f"s={point.strangers_mean_e4} p={point.target_fpir_ppm}"
    )
