"""Judge signed passes: phone windows, paper, slips, visitors.

A signature says what was issued; here stand time, replay, uses, succession and revocation:
1. a phone window works once at each access point: again it is `replayed`, after its end `stale`;
2. a paper pass works until a newer one of the same credential has been used here;
3. a visitor's pass has a window, hours from its first use, uses and a home gate; elsewhere it works
   only while this gate and the home gate hear each other, so that a use cannot be spent twice;
4. with an unknown clock (notes §1.6) phone windows must be newer than the newest seen, paper
   works unless it has certainly ended, and visitors are sent to the guard.
"""

from dataclasses import dataclass, replace

from edge.domain.gate_memory import Windows, WindowUse
from edge.domain.model import Bearer, ClockTrust, Refusal
from edge.domain.standing import Scene, bearer_of, in_time, refused, standing_of, wall_ms
from mqtt.contract.entry_pass import ANY_GATE, EntryPass, PassKind, verify
from mqtt.contract.events import Method
from mqtt.contract.ids import id_to_text
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import CredentialRecord

__all__ = ["IdentifiedPass", "PaperSpend", "Spend", "UseSpend", "WindowSpend", "identify_pass"]


@dataclass(frozen=True, slots=True)
class WindowSpend:
    """A grant uses up a phone window of `credential` at this access point."""

    credential: bytes
    use: WindowUse


@dataclass(frozen=True, slots=True)
class PaperSpend:
    """A grant makes this the newest paper pass of `credential` (its start in UTC s)."""

    credential: bytes
    start_s: int


@dataclass(frozen=True, slots=True)
class UseSpend:
    """A grant redeems use number `use` of a visitor's pass that ends at `until_ms` (UTC)."""

    pass_id: bytes
    use: int
    until_ms: int


Spend = WindowSpend | PaperSpend | UseSpend


@dataclass(frozen=True, slots=True)
class IdentifiedPass:
    """Whose pass it is, what a grant spends, and which pass it was."""

    bearer: Bearer
    spend: Spend | None
    note: str


def identify_pass(text: str, scene: Scene) -> IdentifiedPass | Refusal:
    """Return whose pass `text` is, or why it is refused. Raises ContractError for a bad one."""
    knowledge = scene.knowledge
    pass_ = verify(text, knowledge.site, knowledge.keys, wall_ms(scene.at))
    note = f"pass={id_to_text(pass_.pass_id)}"
    if scene.is_revoked(pass_.pass_id):
        record = knowledge.credentials.get(pass_.credential)
        holder = b"" if record is None else record.holder
        return Refusal(ReasonCode.REVOKED, holder, pass_.credential, note)
    judge = _visitor if pass_.kind is PassKind.VISITOR else _resident
    found = judge(pass_, scene)
    return replace(found, note=note)


def _resident(pass_: EntryPass, scene: Scene) -> IdentifiedPass | Refusal:
    record = standing_of(pass_.credential, scene)
    if isinstance(record, Refusal):
        return record
    if record.method is not Method.QR:
        return refused(ReasonCode.INVALID_PASS, pass_.credential, record)
    if pass_.kind is PassKind.RESIDENT_WINDOW:
        return _phone(pass_, record, scene)
    return _printed(pass_, record, scene)


def _ends(pass_: EntryPass) -> tuple[int, int]:
    """Return the first and the last ms in which a pass is good; its last second counts whole."""
    return pass_.not_before_s * 1_000, pass_.not_after_s * 1_000 + 999


def _phone(pass_: EntryPass, record: CredentialRecord, scene: Scene) -> IdentifiedPass | Refusal:
    settings = scene.knowledge.settings
    start_ms, end_ms = _ends(pass_)
    end_ms = min(end_ms, start_ms + settings.phone_window_s * 1_000)
    reason = in_time(start_ms, end_ms, scene.at, slack_ms=settings.phone_skew_s * 1_000)
    known = scene.memory.windows.get(pass_.credential) or Windows()
    outdated = scene.at.trust is ClockTrust.UNKNOWN and pass_.not_before_s < known.newest_s
    if reason is ReasonCode.EXPIRED or outdated:
        reason = ReasonCode.STALE
    elif known.was_used(scene.access_point, pass_.pass_id, pass_.not_before_s):
        reason = ReasonCode.REPLAYED
    if reason is not None:
        return refused(reason, pass_.credential, record)
    use = WindowUse(scene.access_point, pass_.pass_id, pass_.not_before_s, pass_.not_after_s)
    bearer = bearer_of(pass_.credential, record)
    return IdentifiedPass(bearer, WindowSpend(pass_.credential, use), "")


def _printed(pass_: EntryPass, record: CredentialRecord, scene: Scene) -> IdentifiedPass | Refusal:
    reason = in_time(*_ends(pass_), scene.at)
    is_paper = pass_.kind is PassKind.PAPER
    newest_s = scene.memory.papers.get(pass_.credential) or 0
    if is_paper and pass_.not_before_s < newest_s:
        reason = ReasonCode.REVOKED
    if reason is not None:
        return refused(reason, pass_.credential, record)
    spends = is_paper and pass_.not_before_s > newest_s
    spend = PaperSpend(pass_.credential, pass_.not_before_s) if spends else None
    return IdentifiedPass(bearer_of(pass_.credential, record), spend, "")


def _visitor(pass_: EntryPass, scene: Scene) -> IdentifiedPass | Refusal:
    bearer = _bearer_of_visitor(pass_, scene)
    if isinstance(bearer, Refusal):
        return bearer
    reason = _visitor_reason(pass_, scene)
    if reason is not None:
        return Refusal(reason, bearer.holder, pass_.credential)
    if not (pass_.uses or pass_.hours_from_first_use):
        return IdentifiedPass(bearer, None, "")
    known = scene.memory.uses.get(pass_.pass_id)
    number = 1 if known is None else known.count + 1
    spend = UseSpend(pass_.pass_id, number, _ends(pass_)[1])
    return IdentifiedPass(replace(bearer, durable_first=True), spend, "")


def _bearer_of_visitor(pass_: EntryPass, scene: Scene) -> Bearer | Refusal:
    """Take the rights from the registered credential, or from the pass where it is not known here.

    A pass that was issued while this gate was offline works all the same: the signature is its
    right.
    """
    if scene.knowledge.credentials.get(pass_.credential) is None:
        if scene.is_revoked(pass_.credential):
            return Refusal(ReasonCode.REVOKED, credential=pass_.credential)
        return Bearer(b"", pass_.credential, carries_right=True, visitor=True)
    record = standing_of(pass_.credential, scene)
    if isinstance(record, Refusal):
        return record
    return replace(bearer_of(pass_.credential, record), visitor=True)


def _visitor_reason(pass_: EntryPass, scene: Scene) -> ReasonCode | None:
    knowledge, memory, at = scene.knowledge, scene.memory, scene.at
    if at.trust is ClockTrust.UNKNOWN:
        return ReasonCode.CLOCK_UNTRUSTED
    reason = in_time(*_ends(pass_), at)
    if reason is not None:
        return reason
    known = memory.uses.get(pass_.pass_id)
    if known is not None:
        last_ms = known.first_ms + pass_.hours_from_first_use * 3_600_000
        if pass_.hours_from_first_use and at.utc_ms > last_ms:
            return ReasonCode.EXPIRED
        if pass_.uses and known.count >= pass_.uses:
            return ReasonCode.USES_SPENT
    at_home = pass_.home_gate_tag in {ANY_GATE, knowledge.home_tag}
    if not at_home and not memory.hears_home(
        knowledge.site, knowledge.gate, pass_.home_gate_tag, at.mono_ms
    ):
        return ReasonCode.HOME_GATE_ONLY
    return None
