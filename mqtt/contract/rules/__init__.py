"""Know the rule catalogue: what is required, by which article, and who can check it.

The catalogue is data (`*.toml` beside this file, versioned by `CATALOGUE_VERSION`); `catalogue`
reads it, `Verdict` and `Evaluation` are what an evaluation of one rule says.
"""

from mqtt.contract.rules.catalogue import (
    CATALOGUE_VERSION,
    Basis,
    Instrument,
    Looks,
    Rule,
    Severity,
    Source,
    Verified,
    instruments,
    rule_of,
    rules,
)
from mqtt.contract.rules.verdicts import Evaluation, Evidence, Verdict, count_verdicts

__all__ = [
    "CATALOGUE_VERSION",
    "Basis",
    "Evaluation",
    "Evidence",
    "Instrument",
    "Looks",
    "Rule",
    "Severity",
    "Source",
    "Verdict",
    "Verified",
    "count_verdicts",
    "instruments",
    "rule_of",
    "rules",
]
