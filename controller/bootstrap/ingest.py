"""Run ingest as a process of its own until it is told to end."""

import os
import signal
import sys
import threading
from types import FrameType

from controller.bootstrap import clock
from controller.bootstrap.child import watch_parent
from controller.bootstrap.crash_points import crash_point_from
from controller.bootstrap.parts import make_site, open_database, session_spec
from controller.ingest.consumer import RECEIVE_MAXIMUM, Consumer, subscriptions
from controller.ingest.core import IngestCore
from controller.settings import Settings
from mqtt.client.session import PahoSession

__all__ = ["run_ingest"]


def run_ingest(settings: Settings, *, parent: int = 0) -> int:
    """Store what gates send until SIGTERM or SIGINT; return the exit status.

    `parent` is the process to end with, 0 for none.
    """
    # The thread that hears the broker takes turns with the one that verifies: 1 ms, not 5.
    sys.setswitchinterval(0.001)
    engine = open_database(settings)
    site = make_site(settings)
    crash_point = crash_point_from(os.environ)
    consumer = Consumer(IngestCore(engine, site), clock.now, crash_point=crash_point)
    spec = session_spec(
        settings.broker,
        settings.broker.ingest,
        subscriptions(site.name),
        receive_maximum=RECEIVE_MAXIMUM,
    )
    session = PahoSession(spec, consumer.emit)
    consumer.attach(session)

    def end(_number: int, _frame: FrameType | None) -> None:
        threading.Thread(target=consumer.stop, name="stop").start()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    if parent:
        watch_parent(parent, consumer.stop)
    session.start()
    try:
        consumer.run()
    finally:
        session.stop()
        engine.dispose()
    return 0
