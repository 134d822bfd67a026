"""Name every reason that a decision, event, answer or error can have.

The code is a stable word: it stands in signed records, so codes are added and never renamed or
reused. The texts for people lie beside this module in `reasons.toml`, zh-CN first, each with a
cure.
"""

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources

__all__ = ["ReasonCode", "ReasonText", "text_of"]


class ReasonCode(StrEnum):
    """Stable reason codes; meaning and cure of each: `text_of`."""

    # decisions at the door
    GRANTED = "granted"
    UNKNOWN_CREDENTIAL = "unknown_credential"
    REVOKED = "revoked"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    OUTSIDE_SCHEDULE = "outside_schedule"
    NO_ACCESS_LEVEL = "no_access_level"
    WRONG_SITE = "wrong_site"
    WRONG_ACCESS_POINT = "wrong_access_point"
    INVALID_PASS = "invalid_pass"  # noqa: S105 - a code, no secret
    UNKNOWN_PASS_KEY = "unknown_pass_key"  # noqa: S105 - a code, no secret
    REPLAYED = "replayed"
    STALE = "stale"
    USES_SPENT = "uses_spent"
    HOME_GATE_ONLY = "home_gate_only"
    CLOCK_UNTRUSTED = "clock_untrusted"
    READ_PARITY = "read_parity"
    READ_UNKNOWN_FORMAT = "read_unknown_format"
    READ_STALE = "read_stale"
    PIN_WRONG = "pin_wrong"
    PIN_LOCKED = "pin_locked"
    PIN_REQUIRED = "pin_required"
    INTERLOCK = "interlock"
    ANTIPASSBACK = "antipassback"
    METHOD_NOT_INSTALLED = "method_not_installed"
    METHOD_SUSPENDED = "method_suspended"
    SHADOW_MODE = "shadow_mode"
    INTENT_MISSING = "intent_missing"
    NO_LEASE = "no_lease"
    NO_MATCH = "no_match"
    AMBIGUOUS = "ambiguous"
    RATE_LIMITED = "rate_limited"
    STORAGE_UNAVAILABLE = "storage_unavailable"
    # causes of door and gate events
    GUARD_RELEASE = "guard_release"
    REMOTE_OPEN = "remote_open"
    EXIT_REQUEST = "exit_request"
    FIRE = "fire"
    SCHEDULED = "scheduled"
    HOLD_OPEN = "hold_open"
    LOCKDOWN = "lockdown"
    FORCED = "forced"
    HELD = "held"
    OPENED_WITHOUT_CAUSE = "opened_without_cause"
    TAMPER = "tamper"
    LOCK_FAULT = "lock_fault"
    INPUT_FAULT = "input_fault"
    TIMEOUT = "timeout"
    BOOT = "boot"
    OUTCOME_UNKNOWN = "outcome_unknown"
    POWER = "power"
    CLOCK_JUMP = "clock_jump"
    LIST_STALE = "list_stale"
    DURESS = "duress"
    WIRES_SWAPPED = "wires_swapped"
    READER_OFFLINE = "reader_offline"
    READER_DOWNGRADE = "reader_downgrade"
    WORKER_LOST = "worker_lost"
    WAY_READY = "way_ready"
    GAP = "gap"
    EPOCH_CHANGED = "epoch_changed"
    REASON_OVERDUE = "reason_overdue"
    DOUBLE_SPEND = "double_spend"
    UNLOCKED = "unlocked"
    RELOCKED = "relocked"
    OPENED = "opened"
    CLOSED = "closed"
    HELD_WARNING = "held_warning"
    HELD_REMINDER = "held_reminder"
    EXIT_STUCK = "exit_stuck"
    FIRE_ENDED = "fire_ended"
    FREE_ENDED = "free_ended"
    LOCKDOWN_ENDED = "lockdown_ended"
    TAMPER_CLEARED = "tamper_cleared"
    NOT_OPENED = "not_opened"
    CALLED = "called"
    CALL_ANSWERED = "call_answered"
    SIGNED_ON = "signed_on"
    SIGNED_OFF = "signed_off"
    REASON_GIVEN = "reason_given"
    COUNTERSIGNED = "countersigned"
    EMERGENCY_HOLD = "emergency_hold"
    LOCKED_BY_HAND = "locked_by_hand"
    PASSBACK_CLEARED = "passback_cleared"
    PASSBACK_FORGIVEN = "passback_forgiven"
    INSTALL_MODE = "install_mode"
    ADOPTED = "adopted"
    ROLLED_BACK = "rolled_back"
    RETENTION = "retention"
    WITNESSED = "witnessed"
    # commands
    LATE = "late"
    WRONG_AUDIENCE = "wrong_audience"
    OLD_BOOT = "old_boot"
    BURNT = "burnt"
    RETAINED = "retained"
    ROLE_NOT_ALLOWED = "role_not_allowed"
    SECOND_PERSON_MISSING = "second_person_missing"
    UNKNOWN_OPERATION = "unknown_operation"
    # wire
    MALFORMED = "malformed"
    NOT_CANONICAL = "not_canonical"
    WRONG_SHAPE = "wrong_shape"
    WRONG_TYPE = "wrong_type"
    TOO_LARGE = "too_large"
    BAD_SIGNATURE = "bad_signature"
    UNKNOWN_KEY = "unknown_key"
    KEY_OUT_OF_SCOPE = "key_out_of_scope"
    VERSION_UNSUPPORTED = "version_unsupported"
    ROLLBACK = "rollback"
    DIGEST_MISMATCH = "digest_mismatch"
    BASE_MISMATCH = "base_mismatch"
    INCOMPLETE = "incomplete"
    BAD_NAME = "bad_name"
    BAD_ID = "bad_id"
    BAD_TOPIC = "bad_topic"
    FORK = "fork"
    COMMITMENT_MISMATCH = "commitment_mismatch"
    # software, files and services
    CONFIG_INVALID = "config_invalid"
    CONFIG_MISSING = "config_missing"
    PLACEHOLDER_SECRET = "placeholder_secret"  # noqa: S105 - a code, no secret
    PATH_REFUSED = "path_refused"
    FILE_UNREADABLE = "file_unreadable"
    NOT_SUPPORTED = "not_supported"
    BROKER_UNAVAILABLE = "broker_unavailable"
    NAME_TAKEN = "name_taken"
    QUEUE_FULL = "queue_full"
    DATABASE_UNAVAILABLE = "database_unavailable"
    DATABASE_LOCKED = "database_locked"
    DATABASE_CORRUPT = "database_corrupt"
    DISK_FULL = "disk_full"
    TLS_INVALID = "tls_invalid"
    CRL_EXPIRING = "crl_expiring"
    READER_KEY_MISSING = "reader_key_missing"
    # face: consent, enrolment, erasure, suspension (DESIGN promises 1 to 4)
    CONSENT_GIVEN = "consent_given"
    CONSENT_DECLINED = "consent_declined"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    CONSENT_EXPIRED = "consent_expired"
    CONSENT_ASKED = "consent_asked"
    RESERVATION_MISSING = "reservation_missing"
    NOTICE_CHANGED = "notice_changed"
    GUARDIAN_MISSING = "guardian_missing"
    MOVED_OUT = "moved_out"
    COURT_ORDER = "court_order"
    LEASE_ENDED = "lease_ended"
    ENROLLED = "enrolled"
    ENROLMENT_FAILED = "enrolment_failed"
    ENROLMENT_WAITS = "enrolment_waits"
    FACE_ERASED = "face_erased"
    FACE_ARMED = "face_armed"
    FACE_CANCELLED = "face_cancelled"
    FACE_SUSPENDED = "face_suspended"
    FACE_RESUMED = "face_resumed"
    FACE_SWITCHED_OFF = "face_switched_off"
    FACE_SELF_TEST_FAILED = "face_self_test_failed"
    FACE_PREPARING = "face_preparing"
    FACE_OFF = "face_off"
    FACE_CALIBRATED = "face_calibrated"
    NO_WAY_WORKS = "no_way_works"
    WAY_FAULT_LONG = "way_fault_long"
    WAY_UNPROVEN = "way_unproven"
    ON_BATTERY = "on_battery"
    ERASING = "erasing"
    NO_FACE = "no_face"
    LOW_QUALITY = "low_quality"
    PAD_FAILED = "pad_failed"
    CAMERA_FAULT = "camera_fault"
    PAD_NOT_ACCEPTED = "pad_not_accepted"
    CREDENTIAL_FIRST = "credential_first"
    FACE_NOTHING_HELD = "face_nothing_held"
    COME_CLOSER = "come_closer"
    STEP_BACK = "step_back"
    LOOK_HERE = "look_here"
    MORE_LIGHT = "more_light"
    LESS_LIGHT = "less_light"
    HOLD_STILL = "hold_still"
    UNCOVER_FACE = "uncover_face"
    ONE_PERSON = "one_person"
    # rules of the controller
    FACE_ONLY = "face_only"
    FACE_FAVOURED = "face_favoured"
    FACE_NOT_PREPARED = "face_not_prepared"
    CREDENTIAL_NEEDED = "credential_needed"
    TOO_YOUNG = "too_young"
    ERASURE_OVERDUE = "erasure_overdue"
    LAST_CREDENTIAL = "last_credential"
    ARREARS = "arrears"
    ALREADY_ASSIGNED = "already_assigned"
    DOES_NOT_FIT = "does_not_fit"
    CAPACITY = "capacity"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    NOT_ALLOWED = "not_allowed"
    REASON_REQUIRED = "reason_required"
    # evidence
    REPORT_NOT_MADE = "report_not_made"
    BUNDLE_TOO_LARGE = "bundle_too_large"


@dataclass(frozen=True, slots=True)
class ReasonText:
    """What a reason says to people, and what they can do."""

    zh: str
    en: str
    cure_zh: str
    cure_en: str

    def said(self, language: str) -> str:
        """Return what happened, in `zh-CN` (default for anything unknown) or `en`."""
        return self.en if language.startswith("en") else self.zh

    def cure(self, language: str) -> str:
        """Return what to do now, in `zh-CN` or `en`."""
        return self.cure_en if language.startswith("en") else self.cure_zh


@cache
def _texts() -> dict[str, ReasonText]:
    source = resources.files("mqtt.contract").joinpath("reasons.toml").read_text("utf-8")
    return {code: ReasonText(**row) for code, row in tomllib.loads(source).items()}


def text_of(code: ReasonCode) -> ReasonText:
    """Return the texts of `code`."""
    return _texts()[code.value]
