"""Say which events a person must look at, whoever watches the live page at that moment."""

from mqtt.contract.reasons import ReasonCode

__all__ = ["ALARMING"]

ALARMING = frozenset(
    {
        ReasonCode.FORCED,
        ReasonCode.HELD,
        ReasonCode.OPENED_WITHOUT_CAUSE,
        ReasonCode.TAMPER,
        ReasonCode.FIRE,
        ReasonCode.LOCK_FAULT,
        ReasonCode.INPUT_FAULT,
        ReasonCode.EXIT_STUCK,
        ReasonCode.DURESS,
        ReasonCode.GAP,
        ReasonCode.FORK,
        ReasonCode.DOUBLE_SPEND,
        ReasonCode.READER_DOWNGRADE,
        ReasonCode.READER_OFFLINE,
        ReasonCode.WIRES_SWAPPED,
        ReasonCode.WORKER_LOST,
        ReasonCode.OUTCOME_UNKNOWN,
        ReasonCode.REASON_OVERDUE,
        ReasonCode.STORAGE_UNAVAILABLE,
        ReasonCode.DISK_FULL,
        ReasonCode.BAD_SIGNATURE,
        ReasonCode.RETAINED,
        ReasonCode.BURNT,
        ReasonCode.LATE,
    }
)
"""Reasons that raise an alarm when a gate records them.

A refused credential is none: it is on the live page and in the records (K05).
"""
