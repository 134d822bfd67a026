"""Let a unit ask without a web server between, for tests of the keyboard's way."""

import json
import time
from collections.abc import Callable

from controller.bootstrap import clock
from controller.services.provisioning import take_ask
from controller.storage.engine import make_engine
from controller.storage.unit_of_work import UnitOfWork
from edge.adapters.provisioning import Post
from mqtt.contract import codec
from mqtt.contract.provisioning import AskMessage

__all__ = ["asking_directly", "until"]


def asking_directly(url: str) -> Post:
    """Return a Post that asks the database's own services."""

    def post(message: bytes) -> bytes:
        engine = make_engine(url)
        try:
            with UnitOfWork(engine) as uow:
                row = take_ask(uow, codec.decode(message, AskMessage), clock.now())
                told = {"state": row.state, "answer": (row.answer or b"").hex()}
                uow.commit()
        finally:
            engine.dispose()
        return json.dumps(told).encode()

    return post


def until(is_so: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for something; an assertion error when the time is over."""
    ends_s = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < ends_s
        time.sleep(0.02)
