"""Read the rule catalogue from its data files.

A rule is called law only where the text of a law behind it was read at the source (`verified` is
`primary`); of others it is said how their text was read. Changing what a rule says is a new version
of the catalogue: reports name it.
"""

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

from mqtt.contract.errors import ConfigError
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "CATALOGUE_VERSION",
    "Basis",
    "Instrument",
    "Looks",
    "Rule",
    "Severity",
    "Source",
    "Verified",
    "instruments",
    "rule_of",
    "rules",
]

CATALOGUE_VERSION = "2026-11"
"""Named in every report and bundle; rises with every change of a rule's meaning."""

_PACKAGE = "mqtt.contract.rules"
_INSTRUMENTS = "instruments.toml"


class Basis(StrEnum):
    """What a rule stands on, strongest first."""

    LAW = "law"
    STANDARD = "standard"
    PRACTICE = "practice"
    DESIGN = "design"


class Verified(StrEnum):
    """How the text behind a rule was read."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    RECALLED = "recalled"


class Looks(StrEnum):
    """Who can tell: a measurement here, the release's own tests, or a person on site."""

    MEASURED = "measured"
    CONSTRUCTION = "construction"
    PERSON = "person"


class Severity(StrEnum):
    """`block`: software refuses or suspends face; `fail`: a non-conformity; `warn`: look at it."""

    BLOCK = "block"
    FAIL = "fail"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Instrument:
    """A law, standard, court or regulator; `since` is the ISO date on which it came into force."""

    key: str
    zh: str
    en: str
    basis: Basis
    verified: Verified
    since: str


@dataclass(frozen=True, slots=True)
class Source:
    """An instrument and the article or paragraph, empty where the whole is meant."""

    instrument: Instrument
    article: str

    def said(self, language: str) -> str:
        """Name the source in `zh-CN` or `en`."""
        if language.startswith("en"):
            mark = "Art. " if self.article[:1].isdigit() else ""
            return f"{self.instrument.en} {mark}{self.article}".rstrip()
        if self.article[:1].isdigit():
            return f"{self.instrument.zh} 第 {self.article} 条"
        return f"{self.instrument.zh} {self.article}".rstrip()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `is_gated` is mark G: the gate checks it too, and stops face by itself."""

    id: str
    zh: str
    en: str
    sources: tuple[Source, ...]
    looks: tuple[Looks, ...]
    how_zh: str
    how_en: str
    severity: Severity
    owner: tuple[str, ...]

    @property
    def basis(self) -> Basis:
        """Return the strongest class among the sources."""
        order = list(Basis)
        return min((source.instrument.basis for source in self.sources), key=order.index)

    @property
    def verified(self) -> Verified:
        """Return how the best text of the strongest class was read."""
        order = list(Verified)
        same = [s.instrument for s in self.sources if s.instrument.basis is self.basis]
        return min((each.verified for each in same), key=order.index)

    @property
    def is_gated(self) -> bool:
        """Tell whether the gate enforces it by itself."""
        return "gate" in self.owner

    def text(self, language: str) -> str:
        """Return the rule in plain words."""
        return self.en if language.startswith("en") else self.zh

    def how(self, language: str) -> str:
        """Say how it is checked."""
        return self.how_en if language.startswith("en") else self.how_zh


@cache
def instruments() -> dict[str, Instrument]:
    """Return every instrument by its key. Raises ConfigError for a broken data file."""
    return {
        key: Instrument(
            key,
            table["zh"],
            table["en"],
            Basis(table["class"]),
            Verified(table["verified"]),
            table["since"],
        )
        for key, table in _tables(_INSTRUMENTS).items()
    }


@cache
def rules() -> tuple[Rule, ...]:
    """Return the catalogue in its order. Raises ConfigError for a broken data file."""
    names = sorted(
        entry.name
        for entry in resources.files(_PACKAGE).iterdir()
        if entry.name.endswith(".toml") and entry.name != _INSTRUMENTS
    )
    found = [_rule(key, table) for name in names for key, table in _tables(name).items()]
    if len({rule.id for rule in found}) != len(found):
        raise ConfigError(ReasonCode.CONFIG_INVALID, "a rule stands twice")
    return tuple(found)


def rule_of(id_: str) -> Rule:
    """Return a rule by its id. Raises ConfigError for an unknown one."""
    for rule in rules():
        if rule.id == id_:
            return rule
    raise ConfigError(ReasonCode.CONFIG_INVALID, f"rule {id_}")


def _tables(name: str) -> dict[str, Any]:
    try:
        text = resources.files(_PACKAGE).joinpath(name).read_text("utf-8")
        return tomllib.loads(text)
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(ReasonCode.CONFIG_INVALID, name) from error


def _rule(key: str, table: dict[str, Any]) -> Rule:
    try:
        return Rule(
            key,
            table["zh"],
            table["en"],
            tuple(_source(text) for text in table["sources"]),
            tuple(Looks(word) for word in table["looks"]),
            table["how_zh"],
            table["how_en"],
            Severity(table["severity"]),
            tuple(table["owner"]),
        )
    except (KeyError, ValueError) as error:
        raise ConfigError(ReasonCode.CONFIG_INVALID, f"rule {key}") from error


def _source(text: str) -> Source:
    key, _, article = text.partition(" ")
    return Source(instruments()[key], article)
