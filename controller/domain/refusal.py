"""Say no as a value: the domain returns refusals, the services raise them.

The detail names fields, limits and masked dwellings only, never a person.
"""

from dataclasses import dataclass

from mqtt.contract.errors import RefusedError
from mqtt.contract.reasons import ReasonCode

__all__ = ["Refusal", "raise_if"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule forbids what was asked: reason, rule id, and the article behind the rule."""

    code: ReasonCode
    rule: str
    article: str = ""
    detail: str = ""

    def as_error(self) -> RefusedError:
        """Return the error that a service raises for this refusal."""
        return RefusedError(self.code, rule=self.rule, article=self.article, detail=self.detail)


def raise_if(refusal: Refusal | None) -> None:
    """Raise the refusal as RefusedError; None passes."""
    if refusal is not None:
        raise refusal.as_error()
