"""Start this machine's PostgreSQL as an ordinary user, privately, once per test run.

PostgreSQL refuses to run as root, so a root test run starts it as `nobody` in a folder of its own.
Each test gets an empty database. Nothing is installed, and no cluster of the machine is touched.
"""

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

__all__ = ["PrivatePostgres", "start_postgres"]

_USER = "nobody"
_START_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class PrivatePostgres:
    """A running server on loopback that only this test run knows."""

    port: int
    password: str

    def url(self, database: str) -> str:
        """Give the SQLAlchemy URL of a database."""
        return f"postgresql://tests:{self.password}@127.0.0.1:{self.port}/{database}"

    @contextlib.contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """Make a copy of a database (an empty one by default), give its URL, and drop it."""
        name = f"t{secrets.token_hex(6)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
            try:
                yield self.url(name)
            finally:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@contextlib.contextmanager
def start_postgres() -> Iterator[PrivatePostgres]:
    """Run a server for as long as the block lasts; skip the test where PostgreSQL is absent."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed on this machine")
    folder = Path(tempfile.mkdtemp(prefix="equalgate-pg-"))
    prefix = _as_ordinary_user(folder)
    password = secrets.token_hex(16)
    port = _free_port()
    try:
        _initialise(prefix, programs, folder, password)
        with (folder / "server.log").open("wb") as log:
            command = [*prefix, *_server_command(programs, folder, port)]
            server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        try:
            _wait(programs, port, server, folder)
            yield PrivatePostgres(port, password)
        finally:
            server.terminate()
            server.wait(timeout=_START_TIMEOUT_S)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return found[-1].parent if found else None


def _as_ordinary_user(folder: Path) -> list[str]:
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("running as root and setpriv is absent: PostgreSQL refuses to run as root")
    shutil.chown(folder, _USER)
    return ["setpriv", f"--reuid={_USER}", "--regid=65534", "--clear-groups"]


def _initialise(prefix: list[str], programs: Path, folder: Path, password: str) -> None:
    secret = folder / "password"
    secret.write_text(password, "ascii")
    secret.chmod(0o644)
    options = ["--username=tests", f"--pwfile={secret}", "--auth=scram-sha-256", "--no-sync"]
    encoding = ["--encoding=UTF8", "--no-locale"]
    command = [*prefix, str(programs / "initdb"), "-D", str(folder / "data"), *options, *encoding]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)


def _server_command(programs: Path, folder: Path, port: int) -> list[str]:
    settings = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": str(folder),
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "shared_buffers": "32MB",
        "max_connections": "40",
    }
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    return [str(programs / "postgres"), "-D", str(folder / "data"), "-p", str(port), *options]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(programs: Path, port: int, server: subprocess.Popen[bytes], folder: Path) -> None:
    ready = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    for _ in range(_START_TIMEOUT_S * 10):
        if subprocess.run(ready, check=False).returncode == 0:
            return
        if server.poll() is not None:
            raise RuntimeError((folder / "server.log").read_text("utf-8", "replace")[-2000:])
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(timeout=0.1)
    raise TimeoutError("PostgreSQL did not start")
