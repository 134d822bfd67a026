"""A worker shows the service manager that its loop turns."""

import socket
from pathlib import Path

from edge.workers.heart import Heart


def test_a_worker_beats_twice_in_a_period_and_sleeps_no_longer(tmp_path: Path) -> None:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.setblocking(False)
        now_s = 100.0
        heart = Heart({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "30000000"}, lambda: now_s)
        for _ in range(5):
            heart.beat()
        assert manager.recv(64) == b"WATCHDOG=1"
        now_s += 7.5
        heart.beat()
        assert manager.recv(64) == b"WATCHDOG=1"
        assert heart.bounded(60.0) == 7.5
        assert heart.bounded(0.1) == 0.1


def test_without_a_service_manager_nothing_is_sent() -> None:
    heart = Heart({})
    heart.beat()
    assert heart.bounded(3.0) == 3.0
