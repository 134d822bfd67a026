"""The simulator's socket: refusals, hostile lines, a person's words."""

import io
import json
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.adapters.hardware import Hardware
from edge.adapters.line_server import socket_address
from edge.adapters.sim import prompt
from edge.adapters.sim import requests as ask
from edge.adapters.sim.client import RequestRefusedError, SimClient
from edge.adapters.wiring import sim_socket
from edge.config import GateConfig
from mqtt.contract.errors import UnavailableError
from tests.support.hardware import Recorder
from tests.support.sim_gate import gate_in, running


@pytest.fixture(scope="module")
def heard() -> Recorder:
    return Recorder()


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> GateConfig:
    return gate_in(tmp_path_factory.mktemp("gate"))


@pytest.fixture(scope="module")
def unit(config: GateConfig, heard: Recorder) -> Iterator[Hardware]:
    with running(config, heard) as hardware:
        yield hardware


@pytest.fixture
def client(unit: Hardware, config: GateConfig, heard: Recorder) -> Iterator[SimClient]:
    heard.settle(0.05)
    heard.items.clear()
    with SimClient(sim_socket(config)) as client:
        yield client


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        (ask.Fob(1, access_point="ap-9"), "one of ap-1, ap-2"),
        (ask.Fob(1), "one of ap-1, ap-2"),
        (ask.Fob(1 << 30, access_point="ap-1"), "does not fit 24 bits"),
        (ask.Fob(1, 40, "ap-1"), "no format here carries 40 bits"),
        (ask.Keys("abc", "ap-1"), "keys are 0-9"),
        (ask.Keys("", "ap-3"), "keys are 0-9"),
        (ask.Picture("/nowhere/a.png"), "there is no a.png"),
        (ask.Picture("a.png"), "absolute"),
        (ask.Picture("/etc", "ap-2"), "code camera at ap-2"),
        (ask.Door(is_open=True, portal="side"), "one of main"),
        (ask.Panel("dance"), "one of sign_on"),
        (ask.Reader("blue", "ap-1"), "modes are secure"),
        (ask.ClockJump(1), "clock is real"),
        (ask.WaitShown("ap-1", 0, 61_000), "timeout_ms"),
    ],
)
def test_a_refusal_says_what_is_wrong(client: SimClient, request_: ask.Request, text: str) -> None:
    with pytest.raises(RequestRefusedError) as caught:
        client.do(request_)
    assert text in caught.value.en
    assert text in caught.value.zh
    client.adapters()


def test_hostile_lines_are_answered_and_end_nothing(client: SimClient, config: GateConfig) -> None:
    path = sim_socket(config)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with socket.socket(socket.AF_UNIX) as peer, socket_address(path) as address:
        peer.connect(address)
        file = peer.makefile("rb")
        for line in (b"{}", b"\xff", b'{"do":"fob","x":1}', b'{"do":"open"}', b"[" * 5_000):
            peer.sendall(line + b"\n")
            answer = json.loads(file.readline())
            assert (answer["ok"], answer["code"]) == (False, "bad_request")
        peer.sendall(b"z" * 20_000 + b"\n")
        assert json.loads(file.readline())["code"] == "line_too_long"
        file.close()
    client.adapters()


def test_a_person_drives_it_with_words(client: SimClient, config: GateConfig) -> None:
    out = io.StringIO()
    path = sim_socket(config)
    assert prompt.run(path, ["fob 9030510 ap-1", "relays", "adapters", "shown ap-1"], out=out) == 0
    assert "main: 锁定 / locked" in out.getvalue()
    assert prompt.run(path, ["fob 1 ap-9", "relays"], out=out) == 1
    given = io.StringIO("help\ndance\nfire on\nfire off\nquit\n")
    assert prompt.run(path, given=given, out=out) == 2
    assert "not understood" in out.getvalue()
    assert prompt.run(path.with_name("none.sock"), ["relays"], out=out) == 1
    assert "no simulated gate runs here" in out.getvalue()


def test_a_gate_that_is_gone_is_said_so(tmp_path: Path) -> None:
    with SimClient(tmp_path / "sim.sock") as client, pytest.raises(UnavailableError):
        client.wait_ready(timeout_s=0.1)
