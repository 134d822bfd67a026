"""Make the parts that every process needs: database, site, broker session."""

from sqlalchemy import Engine

from controller.services.keystore import KeystoreFolder
from controller.services.site import Site
from controller.settings import BrokerSettings, ClientSettings, Settings
from controller.storage.engine import make_engine
from controller.storage.migrate import is_current
from mqtt.client.port import SessionSpec
from mqtt.client.tls import TlsFiles
from mqtt.contract.errors import ConfigError
from mqtt.contract.ids import SiteId
from mqtt.contract.reasons import ReasonCode

__all__ = ["make_site", "open_database", "session_spec"]

_BIRTHS_WAIT_S = 300


def make_site(settings: Settings) -> Site:
    """Return the site with its keystore folder."""
    name = SiteId(settings.site.name)
    return Site(name, settings.site.zone, KeystoreFolder(settings.keystore.folder))


def open_database(settings: Settings) -> Engine:
    """Return the engine of a current database.

    Raises ConfigError(`config_invalid`) where `controller migrate` has not run, StorageError.
    """
    engine = make_engine(settings.database.url)
    if not is_current(engine):
        engine.dispose()
        raise ConfigError(ReasonCode.CONFIG_INVALID, "database: run `controller migrate`")
    return engine


def session_spec(
    broker: BrokerSettings,
    client: ClientSettings,
    subscriptions: tuple[tuple[str, int], ...],
    *,
    receive_maximum: int = 256,
) -> SessionSpec:
    """Return how a controller process connects.

    Its session outlives it by 5 min, as long as a birth does: a gate that restarts while this
    process does is heard all the same.
    """
    return SessionSpec(
        client_id=client.name,
        host=broker.host,
        port=broker.port,
        tls=TlsFiles(broker.ca_file, client.certificate, client.key),
        subscriptions=subscriptions,
        clean_start=False,
        session_expiry_s=_BIRTHS_WAIT_S,
        receive_maximum=receive_maximum,
        queue_limit=4_096,
    )
