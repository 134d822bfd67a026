"""Drive simulated hardware over a local socket: one request a line, one answer a line.

The socket belongs to the gate's own user (0600) and exists on a simulated gate only. Verbs and
fields: `requests`; answers: `answers`; for people: `prompt`; for programs: `client`.
"""

import asyncio
import logging
import os
import signal
from pathlib import Path

import msgspec

from edge.adapters.line_server import LineServer
from edge.adapters.sim.answers import Refused
from edge.adapters.sim.bench import SimBench
from edge.adapters.sim.perform import Answer, perform
from edge.adapters.sim.requests import PowerCut, decode_request
from edge.domain.ports import Emit
from mqtt.contract.errors import EqualGateError, UnavailableError
from mqtt.contract.events import AdapterKind

__all__ = ["MAX_REQUEST_BYTES", "SimControl"]

_log = logging.getLogger(__name__)
MAX_REQUEST_BYTES = 8_192


class SimControl:
    """The control socket of a simulated gate; a Source only in that it is started and stopped."""

    kind = AdapterKind.SIMULATED

    def __init__(self, path: Path, bench: SimBench) -> None:
        self._bench = bench
        self._server = LineServer(path, self._serve, limit=MAX_REQUEST_BYTES)

    def start(self, emit: Emit) -> None:  # noqa: ARG002 - it moves devices, which then emit
        """Begin to listen."""
        try:
            self._server.start()
        except UnavailableError as error:
            _log.error("sim_socket_unavailable", extra={"reason": error.code.value})

    def stop(self) -> None:
        """Hang up and end."""
        self._server.stop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                line = await reader.readline()
            except ValueError:
                answer: Answer = _refused("line_too_long", f"at most {MAX_REQUEST_BYTES} bytes")
            else:
                if not line:
                    return
                # Some requests wait; others may meanwhile come over links of their own.
                answer = await asyncio.to_thread(self._answer, line)
            writer.write(msgspec.json.encode(answer) + b"\n")
            await writer.drain()

    def _answer(self, line: bytes) -> Answer:
        try:
            request = decode_request(line)
            if isinstance(request, PowerCut):
                os.kill(os.getpid(), signal.SIGKILL)
            return perform(request, self._bench)
        except EqualGateError as error:
            return Refused(error.code.value, error.text("zh-CN"), error.text("en"))
        except ValueError as error:
            return _refused("bad_request", str(error))


def _refused(code: str, what: str) -> Refused:
    return Refused(code, f"请求无法执行：{what}", f"Cannot do this: {what}")
