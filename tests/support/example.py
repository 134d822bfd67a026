"""The example compound as files, made once a run: hashing its passwords and PINs takes seconds."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from controller.domain.moment import Moment
from controller.services.keystore import KeystoreFolder
from controller.services.seed import SeedResult, seed_compound
from controller.services.site import Site
from controller.storage.engine import make_engine
from controller.storage.migrate import upgrade
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.ids import SiteId
from tests.support.compound import GATE_KEYS

__all__ = ["DATABASE", "KEYS", "SITE", "Example", "example_compound"]

SITE = SiteId("tongxing")
DATABASE = "controller.db"
KEYS = "keys"


@dataclass(frozen=True)
class Example:
    """Database and site keys as bytes, and the secrets of the example."""

    database: bytes
    keys: tuple[tuple[str, bytes], ...]
    seed: SeedResult

    def copy_to(self, folder: Path) -> SeedResult:
        (folder / DATABASE).write_bytes(self.database)
        (folder / KEYS).mkdir(mode=0o700)
        for name, key in self.keys:
            file = folder / KEYS / name
            file.write_bytes(key)
            file.chmod(0o600)
        return self.seed


@cache
def example_compound(moment: Moment) -> Example:
    """Make it as of a moment; the gates' keys are those of `GATE_KEYS`."""
    public_keys = {gate: signer.public_key for gate, signer in GATE_KEYS.items()}
    with TemporaryDirectory() as name:
        folder = Path(name)
        engine = make_engine(f"sqlite:///{folder / DATABASE}")
        upgrade(engine)
        site = Site(SITE, "Asia/Shanghai", KeystoreFolder(folder / KEYS))
        with UnitOfWork(engine) as uow:
            seed = seed_compound(uow, site, moment, gate_keys=public_keys)
            uow.commit()
        engine.dispose()
        keys = tuple((file.name, file.read_bytes()) for file in sorted((folder / KEYS).iterdir()))
        return Example((folder / DATABASE).read_bytes(), keys, seed)
