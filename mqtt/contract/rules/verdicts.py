"""Say what an evaluation of a rule found: a verdict, the evidence behind it, and in which words.

There is no overall verdict: verdicts are counted, never added up (DESIGN §10).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Evaluation", "Evidence", "Verdict", "count_verdicts"]


class Verdict(StrEnum):
    """What can be said of a rule; none of them says that anything is lawful."""

    PASS = "PASS"  # noqa: S105 - a verdict, no secret
    FAIL = "FAIL"
    INSUFFICIENT_DATA = "INSUFFICIENT DATA"
    NOT_APPLICABLE = "NOT APPLICABLE"
    NEEDS_HUMAN = "NEEDS HUMAN"
    NOT_COVERED = "NOT COVERED"

    @property
    def zh(self) -> str:
        """Return the word for people in Chinese."""
        return _ZH[self]


_ZH = {
    Verdict.PASS: "通过",
    Verdict.FAIL: "不通过",
    Verdict.INSUFFICIENT_DATA: "数据不足",
    Verdict.NOT_APPLICABLE: "不适用",
    Verdict.NEEDS_HUMAN: "须人工查看",
    Verdict.NOT_COVERED: "未覆盖",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that a verdict stands on; it names no person.

    `kind` is `event` (gate, epoch and number in its log), `document` (gate, name, version),
    `count`, `attestation` (its hash), `construction` (held by the tests of the release) or
    `record`. `ref` finds it again, `value` is what was measured and `limit` what it was held
    against, with units, or empty.
    """

    kind: str
    ref: str
    value: str = ""
    limit: str = ""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A verdict on one rule, with what is behind it in both languages."""

    rule: str
    verdict: Verdict
    zh: str
    en: str
    evidence: tuple[Evidence, ...] = ()

    def said(self, language: str) -> str:
        """Return the finding in `zh-CN` or `en`."""
        return self.en if language.startswith("en") else self.zh


def count_verdicts(evaluations: Iterable[Evaluation]) -> dict[str, int]:
    """Count verdicts, every one of them named, in their order."""
    counted = Counter(each.verdict for each in evaluations)
    return {verdict.value: counted[verdict] for verdict in Verdict}
