"""Run a private PostgreSQL for a benchmark: as an ordinary user, durable as it comes.

PostgreSQL refuses to run as root, so a root run starts it as `nobody` in a folder of its own.
Nothing is installed, and no cluster of the machine is touched.
"""

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from mqtt.broker.runner import free_port
from mqtt.contract.errors import UnavailableError
from mqtt.contract.reasons import ReasonCode

__all__ = ["PrivatePostgres", "running_postgres"]

_USER = "nobody"
_GROUP = "65534"
_START_S = 60.0


@dataclass(frozen=True, slots=True)
class PrivatePostgres:
    """A running server that only this benchmark knows."""

    port: int
    password: str = field(repr=False)

    def empty_database(self, name: str) -> str:
        """Make a database and return its URL; `name` is one of ours, a plain word."""
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self._url(name)

    def _url(self, database: str) -> str:
        return f"postgresql://bench:{self.password}@127.0.0.1:{self.port}/{database}"


@contextmanager
def running_postgres() -> Iterator[PrivatePostgres]:
    """Run a server with its default durability for as long as the block lasts.

    Raises UnavailableError where PostgreSQL is not installed or does not start.
    """
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="equalgate-bench-pg-"))
    try:
        prefix = _as_ordinary_user(folder)
        password, port = secrets.token_hex(16), free_port()
        _initialise(prefix, programs, folder, password)
        server = _start(prefix, programs, folder, port)
        try:
            _wait(programs, port, server)
            yield PrivatePostgres(port, password)
        finally:
            server.terminate()
            server.wait(_START_S)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        raise UnavailableError(ReasonCode.DATABASE_UNAVAILABLE, "PostgreSQL is not installed")
    return found[-1].parent


def _as_ordinary_user(folder: Path) -> list[str]:
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        raise UnavailableError(ReasonCode.DATABASE_UNAVAILABLE, "setpriv is not installed")
    shutil.chown(folder, _USER)
    return ["setpriv", f"--reuid={_USER}", f"--regid={_GROUP}", "--clear-groups"]


def _initialise(prefix: list[str], programs: Path, folder: Path, password: str) -> None:
    secret = folder / "password"
    secret.write_text(password, "ascii")
    secret.chmod(0o644)
    options = ["--username=bench", f"--pwfile={secret}", "--auth=scram-sha-256", "--encoding=UTF8"]
    command = [*prefix, str(programs / "initdb"), "-D", str(folder / "data"), *options]
    command += ["--no-locale", "--no-sync"]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)


def _start(prefix: list[str], programs: Path, folder: Path, port: int) -> "subprocess.Popen[bytes]":
    settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(folder)}
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    command = [str(programs / "postgres"), "-D", str(folder / "data"), "-p", str(port), *options]
    with (folder / "server.log").open("wb") as log:
        return subprocess.Popen([*prefix, *command], stdout=log, stderr=log, cwd=folder)


def _wait(programs: Path, port: int, server: "subprocess.Popen[bytes]") -> None:
    ready = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    ends_s = time.monotonic() + _START_S
    while subprocess.run(ready, check=False).returncode != 0:
        if server.poll() is not None or time.monotonic() > ends_s:
            raise UnavailableError(ReasonCode.DATABASE_UNAVAILABLE, "PostgreSQL does not start")
        time.sleep(0.1)
