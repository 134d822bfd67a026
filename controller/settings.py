"""Read `controller.toml` into frozen settings.

Whatever is unknown, of the wrong type or still a placeholder is refused.

    [site]      name, title, zone
    [database]  url
    [keystore]  folder
    [broker]    host, port, ca_file; [broker.web] and [broker.ingest]: certificate, key
    [http]      host, port, certificate, key
    [webhooks]  url, secret_file (off unless set)

Relative paths start at the folder of the file. Nothing is read when this module is imported.
"""

import tomllib
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from mqtt.contract.errors import ConfigError, ContractError
from mqtt.contract.ids import parse_name
from mqtt.contract.reasons import ReasonCode

__all__ = [
    "BrokerSettings",
    "ClientSettings",
    "DatabaseSettings",
    "HttpSettings",
    "KeystoreSettings",
    "Settings",
    "SiteSettings",
    "WebhookSettings",
    "load",
    "parse",
]

_PLACEHOLDERS = ("changeme", "change-me", "change_me", "placeholder", "<", "example.com", "todo-")
_MAX_PORT = 65_535


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class SiteSettings(_Section, frozen=True, forbid_unknown_fields=True):
    """The compound: id in topics, title for people, IANA zone that every schedule uses."""

    name: str
    title: str
    zone: str = "Asia/Shanghai"


class DatabaseSettings(_Section, frozen=True, forbid_unknown_fields=True):
    """`sqlite:///FILE` (a relative FILE starts at the folder of the settings) or `postgresql://…`."""

    url: str

    def __repr__(self) -> str:
        return "DatabaseSettings(url=…)"


class KeystoreSettings(_Section, frozen=True, forbid_unknown_fields=True):
    """The folder (mode 0700) with the private halves of the site's signing keys."""

    folder: Path


class ClientSettings(_Section, frozen=True, forbid_unknown_fields=True):
    """One process's certificate for the broker.

    The certificate's name is its user name and client id.
    """

    name: str
    certificate: Path
    key: Path


class BrokerSettings(_Section, frozen=True, forbid_unknown_fields=True):
    """Where the broker is and who we are to it."""

    host: str
    ca_file: Path
    web: ClientSettings
    ingest: ClientSettings
    port: int = 8883


class HttpSettings(_Section, frozen=True, forbid_unknown_fields=True):
    """Where the pages listen. Without certificate and key only loopback is allowed."""

    host: str = "127.0.0.1"
    port: int = 8443
    certificate: Path | None = None
    key: Path | None = None


class WebhookSettings(_Section, frozen=True, forbid_unknown_fields=True):
    """Whom to tell what happens at the gates; off unless `url` is set.

    `url` is https, or http on this machine. `secret_file` holds `whsec_` and base64.
    """

    url: str = ""
    secret_file: Path | None = None


class Settings(_Section, frozen=True, forbid_unknown_fields=True):
    """Everything that a controller process needs to know before it opens its database."""

    site: SiteSettings
    database: DatabaseSettings
    keystore: KeystoreSettings
    broker: BrokerSettings
    http: HttpSettings = HttpSettings()
    webhooks: WebhookSettings = WebhookSettings()


def load(path: Path) -> Settings:
    """Read the settings file.

    Raises ConfigError: `config_missing`, `config_invalid` (detail names the key),
    `placeholder_secret`.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        raise ConfigError(ReasonCode.CONFIG_MISSING, path.name) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(ReasonCode.FILE_UNREADABLE, path.name) from error
    return parse(text, path.resolve().parent)


def parse(text: str, folder: Path) -> Settings:
    """Read settings from TOML text; relative paths start at `folder`.

    Raises ConfigError as `load` does.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(ReasonCode.CONFIG_INVALID, f"TOML: {error}") from error
    _refuse_placeholders(raw, "")
    try:
        settings = msgspec.convert(raw, Settings, strict=True, dec_hook=_path_of(folder))
    except msgspec.ValidationError as error:
        raise ConfigError(ReasonCode.CONFIG_INVALID, str(error).replace("`", "")) from None
    _check(settings)
    return msgspec.structs.replace(settings, database=_anchored(settings.database, folder))


def _path_of(folder: Path) -> Any:  # noqa: ANN401
    def read(kind: type, value: object) -> Path:
        if kind is not Path or not isinstance(value, str) or not value:
            raise msgspec.ValidationError("Expected a path")
        return folder / value

    return read


def _refuse_placeholders(value: object, where: str) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _refuse_placeholders(inner, f"{where}.{key}" if where else str(key))
    elif isinstance(value, str) and any(word in value.lower() for word in _PLACEHOLDERS):
        raise ConfigError(ReasonCode.PLACEHOLDER_SECRET, where)


def _check(settings: Settings) -> None:
    for where, name in (
        ("site.name", settings.site.name),
        ("broker.web.name", settings.broker.web.name),
        ("broker.ingest.name", settings.broker.ingest.name),
    ):
        try:
            parse_name(name)
        except ContractError as error:
            raise ConfigError(ReasonCode.CONFIG_INVALID, where) from error
    try:
        ZoneInfo(settings.site.zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigError(ReasonCode.CONFIG_INVALID, "site.zone") from error
    for where, port in (("broker.port", settings.broker.port), ("http.port", settings.http.port)):
        if not 0 < port <= _MAX_PORT:
            raise ConfigError(ReasonCode.CONFIG_INVALID, where)
    url = settings.webhooks.url
    if url and not url.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
        raise ConfigError(ReasonCode.CONFIG_INVALID, "webhooks.url: https")
    http = settings.http
    if (http.certificate is None) != (http.key is None):
        raise ConfigError(ReasonCode.CONFIG_INVALID, "http.certificate, http.key")
    if http.certificate is None and http.host not in {"127.0.0.1", "::1", "localhost"}:
        raise ConfigError(ReasonCode.CONFIG_INVALID, "http.certificate")


def _anchored(database: DatabaseSettings, folder: Path) -> DatabaseSettings:
    head = "sqlite:///"
    if not database.url.startswith(head):
        return database
    return DatabaseSettings(head + str(folder / database.url.removeprefix(head)))
