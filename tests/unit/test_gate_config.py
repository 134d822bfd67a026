"""gate.toml: what is taken, what is refused, and that each refusal names its key."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config import GateConfig, devices, load, parse
from edge.config.cards import formats_of
from edge.config.devices import GpioLine, Nothing, SerialPort, Simulated
from mqtt.contract.errors import ConfigError
from mqtt.contract.reasons import ReasonCode
from tests.support.repository import ROOT

PROFILES = sorted((ROOT / "firmware-config" / "profiles").glob("*/gate.toml"))

GATE = f"""
[gate]
site = "site-1"
id = "gate-1"
[broker]
host = "localhost"
[keys]
trust = "{"ab" * 32}"
"""
PORTAL = """
[[portals]]
name = "main"
lock = "sim"
"""
READER = '[[readers]]\naccess_point = "ap-1"\nprotocol = "{}"\ndevice = "sim"\n'


def refusal(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    return caught.value


def test_the_smallest_file_is_taken() -> None:
    config = parse(GATE + PORTAL)
    assert config.portals[0].door_sensor == "none"
    assert config.access_points == ()
    assert config.workers_socket == Path("state/workers.sock").resolve()


def test_access_points_come_from_every_table_once() -> None:
    text = GATE + PORTAL
    for table in ("imagers", "pin_pads", "guard_panels"):
        source = 'source = "sim"' if table == "imagers" else 'device = "sim"'
        text += f'[[{table}]]\naccess_point = "ap-1"\n{source}\n'
    text += '[[call_buttons]]\naccess_point = "ap-2"\ndevice = "sim"\n'
    assert parse(text).access_points == ("ap-1", "ap-2")


@pytest.mark.parametrize(
    ("extra", "code", "where"),
    [
        ('[gat]\nx = 1\n', ReasonCode.CONFIG_INVALID, "gat"),
        ('folder = "x"\n', ReasonCode.CONFIG_INVALID, "folder"),
        ('[[imagers]]\naccess_point = "ap-1"\nsource = "sim"\nframes_per_s = 9\n',
         ReasonCode.CONFIG_INVALID, "imagers[0].frames_per_s"),
        ('[[imagers]]\naccess_point = "AP 1"\nsource = "sim"\n',
         ReasonCode.BAD_NAME, "imagers[0].access_point"),
        ('[[portals]]\nname = "main"\nlock = "sim"\n',
         ReasonCode.CONFIG_INVALID, "portals[1].name"),
        ('[[portals]]\nname = "rear"\nlock = "simulator"\n',
         ReasonCode.CONFIG_INVALID, "portals[1].lock"),
        ('[[portals]]\nname = "rear"\nlock = "gpio:chip0:1:low:low"\n',
         ReasonCode.CONFIG_INVALID, "portals[1].lock"),
        ('[[portals]]\nname = "rear"\nlock = "gpio:chip0:1"\ndoor_sensor = "gpio:chip0:1:low"\n',
         ReasonCode.CONFIG_INVALID, "portals[1].door_sensor: the line of portals[1].lock"),
        ('[[readers]]\naccess_point = "ap-1"\nprotocol = "magstripe"\ndevice = "sim"\n',
         ReasonCode.CONFIG_INVALID, "readers[0].protocol"),
        ('[[readers]]\naccess_point = "ap-1"\nprotocol = "osdp"\ndevice = "serial:/dev/x"\n',
         ReasonCode.READER_KEY_MISSING, "readers[0].scbk_file"),
        (READER.format("osdp") + "address = 127\n",
         ReasonCode.CONFIG_INVALID, "readers[0].address"),
        (READER.format("osdp") + 'keypad = "bits_4"\n',
         ReasonCode.CONFIG_INVALID, "readers[0].keypad"),
        ('[[readers]]\naccess_point = "ap-1"\nprotocol = "wiegand"\ndevice = "gpio:chip0:1"\n',
         ReasonCode.CONFIG_INVALID, "readers[0].data1"),
        (READER.format("wiegand") + 'byte_order = "backwards"\n',
         ReasonCode.CONFIG_INVALID, "readers[0].byte_order"),
        (READER.format("wiegand") + 'raw_bits = [0]\n',
         ReasonCode.CONFIG_INVALID, "readers[0].raw_bits"),
        ('[[card_formats]]\nname = "x"\nlength = 35\nfields = []\n',
         ReasonCode.CONFIG_INVALID, "card_formats[0]: the format needs at least one field"),
        ('[[call_buttons]]\naccess_point = "ap-1"\ndevice = "none"\n',
         ReasonCode.CONFIG_INVALID, "call_buttons[0].device"),
        ('[inputs]\nfire = "gpio:chip0:1"\nfire_fault = "gpio:chip1:1"\n',
         ReasonCode.CONFIG_INVALID, "inputs.fire_fault"),
    ],
)  # fmt: skip
def test_a_refusal_names_the_key(extra: str, code: ReasonCode, where: str) -> None:
    # A key of the whole file stands above the first table.
    text = extra + GATE + PORTAL if extra.startswith("folder") else GATE + PORTAL + extra
    error = refusal(text)
    assert error.code is code
    assert where in error.detail
    assert error.detail.startswith("gate.toml")


def test_two_readers_of_one_address_on_one_bus_are_refused() -> None:
    row = (
        '[[readers]]\naccess_point = "ap-{}"\nprotocol = "osdp"\n'
        'device = "serial:/dev/x"\nscbk_file = "k"\n'
    )
    assert "address 0 twice" in refusal(GATE + PORTAL + row.format(1) + row.format(2)).detail


@pytest.mark.parametrize("trust", ["", "ab", "CHANGE-ME", "zz" * 32])
def test_a_trust_key_that_is_none_is_refused(trust: str) -> None:
    text = (GATE + PORTAL).replace("ab" * 32, trust)
    assert refusal(text).code is ReasonCode.PLACEHOLDER_SECRET


def test_no_setting_exists_that_slows_or_schedules_one_way() -> None:
    words = ("delay", "wait", "hold", "schedule", "price", "fee", "priority", "prefer", "timeout")
    keys = [key for table in _tables() for key in msgspec.structs.fields(table)]
    assert len(keys) > 40
    assert not [key for key in keys if any(word in key.name for word in words)]


def _tables() -> list[type[msgspec.Struct]]:
    from edge.config import tables

    return [getattr(tables, name) for name in tables.__all__]


def test_paths_stay_below_the_folder(tmp_path: Path) -> None:
    config = parse(GATE + PORTAL, folder=str(tmp_path))
    assert config.path("keys/a") == tmp_path / "keys" / "a"
    with pytest.raises(ConfigError) as caught:
        config.path("../a")
    assert caught.value.code is ReasonCode.PATH_REFUSED


def test_files_that_are_no_configuration_are_refused_with_their_name(tmp_path: Path) -> None:
    cases = {
        "none.toml": None,
        "half.toml": (GATE + PORTAL).encode()[:-9],
        "latin.toml": GATE.encode() + b"# caf\xe9\n",
        "big.toml": b"# x\n" * 70_000,
        "deep.toml": b"x = " + b"[" * 5_000 + b"]" * 5_000,
    }
    for name, content in cases.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(ConfigError) as caught:
            load(tmp_path / name)
        assert name in caught.value.detail


def test_the_sites_own_format_is_asked_first() -> None:
    extra = """
[[card_formats]]
name = "own26"
length = 26
fields = [{ name = "number", start = 0, length = 26 }]
[[readers]]
access_point = "ap-1"
protocol = "wiegand"
device = "sim"
raw_bits = [32]
"""
    config = parse(GATE + PORTAL + extra)
    formats = formats_of(config, config.readers[0])
    assert [entry.name for entry in formats][:2] == ["own26", "W26"]
    assert formats[-1].name == "raw32"


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.parent.name)
def test_a_profile_is_right_once_its_placeholders_are_filled(path: Path) -> None:
    assert refusal(path.read_text()).code in {ReasonCode.PLACEHOLDER_SECRET, ReasonCode.BAD_NAME}
    text = path.read_text().replace('trust = "CHANGE-ME"', f'trust = "{"ab" * 32}"')
    config: GateConfig = parse(text.replace("CHANGE-ME-", ""))
    real = [row.lock for row in config.portals] + [row.device for row in config.readers]
    assert not [word for word in real if word in {"sim", "none"}]


def test_there_are_profiles() -> None:
    assert {path.parent.name for path in PROFILES} >= {
        "generic-x86",
        "orin-nano",
        "orin-nx",
        "agx-orin",
    }


@pytest.mark.parametrize(
    ("text", "device"),
    [
        ("none", Nothing()),
        ("sim", Simulated()),
        ("serial:/dev/ttyS0", SerialPort("/dev/ttyS0")),
        ("gpio:gpiochip0:7", GpioLine("gpiochip0", 7)),
        ("gpio:gpiochip0:7:low:up", GpioLine("gpiochip0", 7, is_active_low=True, bias="up")),
        ("serial:tty", None),
        ("gpio:../x:7", None),
        ("gpio:gpiochip0:-1", None),
        ("gpio:gpiochip0:7:up:down", None),
        ("gpio:gpiochip0:٧", None),
        ("", None),
    ],
)
def test_a_device_is_read_or_is_none(text: str, device: object) -> None:
    assert devices.read(text) == device


@given(st.text(max_size=60))
def test_reading_a_device_never_fails(text: str) -> None:
    devices.read(text)
    devices.read("gpio:" + text)


@given(st.text(max_size=200))
def test_any_short_text_is_refused_by_us(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert caught.value.detail
