"""Name what is wrong with a configuration, and its cure, in both languages."""

from dataclasses import dataclass

from mqtt.contract.errors import ConfigError
from mqtt.contract.reasons import ReasonCode

__all__ = ["Finding", "PolicyError"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem.

    `record` is the record's id (the witness), `field` the field or empty, `cure_zh` and `cure_en`
    what to do, `rule` the id in the rule catalogue where a rule forbids it (else empty), and
    `article` the law behind that rule.
    """

    record: str
    field: str
    cure_zh: str
    cure_en: str
    rule: str = ""
    article: str = ""

    @property
    def where(self) -> str:
        """Return record and field."""
        return f"{self.record}.{self.field}" if self.field else self.record

    def said(self, language: str) -> str:
        """Say where it is and what to do, in `zh-CN` or `en`."""
        law = f"{self.rule}: {self.article}" if self.article else self.rule
        ruled = f"[{law}] {self.where}" if law else self.where
        return f"{ruled}: {self.cure_en if language.startswith('en') else self.cure_zh}"


class PolicyError(ConfigError):
    """A configuration that cannot be used; `findings` names every problem with its cure.

    The code is `face_only` if one of them breaks promise 1, else `config_invalid`.
    """

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        ruled = any(finding.rule for finding in findings)
        code = ReasonCode.FACE_ONLY if ruled else ReasonCode.CONFIG_INVALID
        super().__init__(code, ", ".join(finding.where for finding in findings))
        self.findings = findings

    def cure(self, language: str = "zh-CN") -> str:
        """Say every cure, in `zh-CN` or `en`."""
        return "; ".join(finding.said(language) for finding in self.findings)
