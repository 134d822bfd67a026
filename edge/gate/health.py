"""Tell systemd that the gate is up and alive (sd_notify protocol, systemd's sd_notify(3))."""

import os
import socket
from collections.abc import Mapping
from contextlib import suppress

__all__ = ["Notifier"]


class Notifier:
    """Sends short states to the service manager; does nothing where there is none."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        given = os.environ if environment is None else environment
        address = given.get("NOTIFY_SOCKET", "")
        # An address that begins with @ lies in the abstract namespace (unix(7)).
        self._address = "\0" + address[1:] if address.startswith("@") else address
        period_us = given.get("WATCHDOG_USEC", "")
        self.watchdog_s = int(period_us) / 2e6 if period_us.isdecimal() else 0.0

    def ready(self) -> None:
        """Say that every way in that needs no other process works now."""
        self._send("READY=1")

    def alive(self) -> None:
        """Say that the loop still turns; due every `watchdog_s` seconds where that is not 0."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the end is intended."""
        self._send("STOPPING=1")

    def _send(self, state: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as peer, suppress(OSError):
            peer.sendto(state.encode("ascii"), self._address)
