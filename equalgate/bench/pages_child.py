"""Serve the controller's pages as `controller serve` does, but without a broker.

`python -m equalgate.bench.pages_child URL KEYS PORT`.
"""

import sys
from pathlib import Path

import uvicorn

from controller.bootstrap import clock
from controller.services.keystore import KeystoreFolder
from controller.services.site import Site
from controller.storage.engine import make_engine
from controller.web.app import create_app
from controller.web.desk import MemoryWire
from mqtt.contract.ids import SiteId

__all__ = ["ZONE"]

ZONE = "Asia/Shanghai"


def _serve(url: str, keys: str, port: int) -> None:
    site = Site(SiteId("bench"), ZONE, KeystoreFolder(Path(keys)))
    app = create_app(make_engine(url), site, MemoryWire(), clock.now, title="同行苑")
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    _serve(sys.argv[1], sys.argv[2], int(sys.argv[3]))
