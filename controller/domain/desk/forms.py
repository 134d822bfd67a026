"""Describe the desk's records as forms: what is asked, by which article, how long it holds.

The texts of the forms are in `forms_data`; a page, a check and a printed sheet all come from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from controller.domain.refusal import Refusal
from mqtt.contract.reasons import ReasonCode

__all__ = ["Asked", "DeskForm", "DeskKind", "FieldKind", "Section", "check_answers"]

_MOST_SHORT = 200
_MOST_LONG = 4_000


class DeskKind(StrEnum):
    """The records of the desk."""

    PIPIA = "pipia"
    PROCESSING = "processing"
    AGREEMENT = "agreement"
    FEES = "fees"
    TRAINING = "training"
    INCIDENT = "incident"


class FieldKind(StrEnum):
    """How an answer is written; money is in yuan with at most two decimals."""

    SHORT = "short"
    LONG = "long"
    DAY = "day"
    COUNT = "count"
    MONEY = "money"


@dataclass(frozen=True, slots=True)
class Asked:
    """One question."""

    name: str
    zh: str
    en: str
    kind: FieldKind = FieldKind.LONG
    is_needed: bool = True


@dataclass(frozen=True, slots=True)
class Section:
    """A step of a form."""

    zh: str
    en: str
    asked: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class DeskForm:
    """A form. `renew_days` 0 does not come up again; `ends_by` names the day on which it does.

    `needs_second` asks for another person's approval before it counts.
    """

    kind: DeskKind
    zh: str
    en: str
    article_zh: str
    article: str
    sections: tuple[Section, ...]
    renew_days: int = 0
    ends_by: str = ""
    needs_second: bool = False

    @property
    def asked(self) -> tuple[Asked, ...]:
        """Return every question in order."""
        return tuple(each for section in self.sections for each in section.asked)


def check_answers(
    form: DeskForm, answers: Mapping[str, str], *, is_draft: bool = False
) -> Refusal | None:
    """Return the first thing wrong with the answers, None if they can be kept.

    A draft may lack answers. A fee table in which a non-biometric way costs more than face is
    refused (rule EQ-07, Hangzhou Property Management Regulations Art. 50(2)).
    """
    unknown = answers.keys() - {each.name for each in form.asked}
    if unknown:
        return _wrong(f"unknown: {min(unknown)}")
    for each in form.asked:
        said = answers.get(each.name, "").strip()
        if not said:
            if each.is_needed and not is_draft:
                return _wrong(f"missing: {each.name}")
            continue
        if not _fits(each.kind, said):
            return _wrong(f"{each.kind.value}: {each.name}")
    return _fee_refusal(answers) if form.kind is DeskKind.FEES else None


def _fits(kind: FieldKind, said: str) -> bool:
    match kind:
        case FieldKind.SHORT:
            return len(said) <= _MOST_SHORT
        case FieldKind.LONG:
            return len(said) <= _MOST_LONG
        case FieldKind.COUNT:
            return said.isascii() and said.isdecimal() and len(said) <= 9
        case FieldKind.MONEY:
            return _fen(said) is not None
        case FieldKind.DAY:
            try:
                date.fromisoformat(said)
            except ValueError:
                return False
            return True


def _fen(said: str) -> int | None:
    """Return an amount in fen, None for what is none."""
    yuan, _, rest = said.partition(".")
    if not (yuan.isascii() and yuan.isdecimal()) or len(rest) > 2 or len(yuan) > 6:
        return None
    if rest and not (rest.isascii() and rest.isdecimal()):
        return None
    return int(yuan) * 100 + int((rest or "0").ljust(2, "0"))


def _fee_refusal(answers: Mapping[str, str]) -> Refusal | None:
    article = "Hangzhou Property Management Regulations Art. 50(2); Order 19 Art. 10"
    face = _fen(answers.get("face", "0")) or 0
    for name in ("first_fob", "paper", "phone"):
        if (_fen(answers.get(name, "0")) or 0) > face:
            return Refusal(ReasonCode.FACE_FAVOURED, "EQ-07", article, name)
    if _fen(answers.get("deposit", "0")):
        return Refusal(ReasonCode.FACE_FAVOURED, "EQ-07", article, "deposit")
    return None


def _wrong(detail: str) -> Refusal:
    return Refusal(ReasonCode.CONFIG_INVALID, "CD-01", detail=detail)
