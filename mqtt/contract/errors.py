"""One tree of errors, each with a code, a text in two languages and a cure.

    EqualGateError
    ├── ContractError      bytes from outside break the wire contract
    ├── ConfigError        a file or setting cannot be used
    ├── RefusedError       a rule forbids what was asked (rule, article, cure)
    ├── StorageError       a database or disk did not do its work
    └── UnavailableError   a peer, broker or device is not there now

The domain never raises these: a denied access attempt is a Decision, not an error.
No error text ever contains personal data; `detail` is for names of fields, files and limits only.
"""

from mqtt.contract.reasons import ReasonCode, text_of

__all__ = [
    "ConfigError",
    "ContractError",
    "EqualGateError",
    "RefusedError",
    "StorageError",
    "UnavailableError",
]


class EqualGateError(Exception):
    """Anything that goes wrong and that a person or the other end has to be told."""

    def __init__(self, code: ReasonCode, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    def text(self, language: str = "zh-CN") -> str:
        """Say what happened, in `zh-CN` or `en`, with the detail if there is one."""
        said = text_of(self.code).said(language)
        return f"{said} ({self.detail})" if self.detail else said

    def cure(self, language: str = "zh-CN") -> str:
        """Say what to do now, in `zh-CN` or `en`."""
        return text_of(self.code).cure(language)

    def __str__(self) -> str:
        return f"{self.code.value}: {self.text('en')} {self.cure('en')}"


class ContractError(EqualGateError):
    """Bytes from outside that break the wire contract; nothing was changed by them."""


class ConfigError(EqualGateError):
    """A file or setting that cannot be used; the last good one stays in force."""


class RefusedError(EqualGateError):
    """A rule forbids what was asked.

    `rule` is the id in the rule catalogue, `article` the law or standard behind it.
    """

    def __init__(self, code: ReasonCode, *, rule: str, article: str = "", detail: str = "") -> None:
        super().__init__(code, detail)
        self.rule = rule
        self.article = article


class StorageError(EqualGateError):
    """A database or disk did not do its work."""


class UnavailableError(EqualGateError):
    """A peer, broker or device is not there now; trying later may help."""
