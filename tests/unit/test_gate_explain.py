"""`equalgate edge check-config`: everything that is wrong, each with file, line, key and cure."""

import json
from pathlib import Path

import pytest

from edge.__main__ import main
from edge.config import cures, parse
from edge.config.explain import explain
from mqtt.contract.errors import ConfigError
from tests.support.repository import ROOT
from tests.unit import test_gate_config

GATE = f"""[gate]
site = "site-1"
id = "gate-1"
[broker]
host = "localhost"
[keys]
trust = "{"ab" * 32}"
[[portals]]
name = "main"
lock = "sim"
"""


def unit(folder: Path, text: str = GATE) -> Path:
    (folder / "tls").mkdir(exist_ok=True)
    for name in ("ca.pem", "gate.pem", "gate.key"):
        (folder / "tls" / name).write_text("x")
    (folder / "tls" / "gate.key").chmod(0o600)
    file = folder / "gate.toml"
    file.write_text(text, "utf-8")
    return file


def places(file: Path) -> list[tuple[int, str]]:
    return [(each.line, each.key) for each in explain(file)]


def test_a_right_file_has_nothing_to_explain(tmp_path: Path) -> None:
    assert explain(unit(tmp_path)) == ()


def test_everything_is_named_at_once_with_its_line(tmp_path: Path) -> None:
    text = GATE + (
        '[[readers]]\naccess_point = "ap-1"\nprotocol = "osdp"\ndevice = "sim"\nadress = 3\n'
        'baud = 1200\n[[imagers]]\naccess_point = "ap-1"\nsource = "sim"\nframes_per_s = 5\n'
    )
    found = explain(unit(tmp_path, text))
    assert [(each.line, each.key) for each in found] == [
        (15, "readers[0].adress"),
        (16, "readers[0].baud"),
        (20, "imagers[0].frames_per_s"),
    ]
    assert "address" in found[0].cure_en
    assert "address" in found[0].cure_zh
    assert found[1].cure_zh.startswith("写成其中之一：9600")
    assert found[2].cure_zh == "至少 10"


def test_a_wrong_type_and_a_missing_key_are_both_named(tmp_path: Path) -> None:
    text = GATE.replace('host = "localhost"', "port = true") + (
        '[[readers]]\naccess_point = "a"\nprotocol = "osdp"\ndevice = "sim"\naddress = "one"\n'
    )
    assert {key for _, key in places(unit(tmp_path, text))} >= {"broker.host"}
    text = text.replace("port = true", 'host = "x"')
    assert (15, "readers[0].address") in places(unit(tmp_path, text))


def test_the_second_row_is_meant_and_not_the_first(tmp_path: Path) -> None:
    text = GATE + '[[portals]]\nname = "rear"\nlock = "sim"\nlocks = "sim"\n'
    assert places(unit(tmp_path, text)) == [(14, "portals[1].locks")]


def test_files_that_are_named_must_be_there_and_closed_to_others(tmp_path: Path) -> None:
    file = unit(tmp_path)
    (tmp_path / "tls" / "gate.key").chmod(0o644)
    (tmp_path / "tls" / "ca.pem").unlink()
    found = {each.key: (each.code, each.cure_zh) for each in explain(file)}
    assert found["broker.ca_file"] == ("file_unreadable", "放上此文件")
    assert found["broker.key_file"] == ("config_invalid", "文件权限改为 0600")


@pytest.mark.parametrize(
    ("raw", "line", "code"),
    [
        (None, 0, "config_missing"),
        (b"[gate]\nsite = \n", 2, "config_invalid"),
        (b"[gate]\n# caf\xe9\n", 2, "config_invalid"),
        (b"# x\n" * 70_000, 0, "too_large"),
    ],
)
def test_G12_what_is_no_configuration_is_named_with_its_line(
    tmp_path: Path, raw: bytes | None, line: int, code: str
) -> None:
    file = tmp_path / "gate.toml"
    if raw is not None:
        file.write_bytes(raw)
    (found,) = explain(file)
    assert (found.file, found.line, found.code) == ("gate.toml", line, code)


def test_every_sentence_of_the_checks_has_a_cure_in_both_languages() -> None:
    cases = vars(test_gate_config.test_a_refusal_names_the_key)["pytestmark"][0].args[1]
    seen = 0
    for extra, _, _ in cases:
        is_head = extra.startswith("folder")
        text = extra + test_gate_config.GATE + test_gate_config.PORTAL
        text = text if is_head else test_gate_config.GATE + test_gate_config.PORTAL + extra
        try:
            parse(text)
        except ConfigError as error:
            expected = error.detail.partition(": ")[2].partition(": ")[2]
            if expected:
                zh, en = cures.cure_of(error.code, expected)
                assert zh != en, expected
                assert any("\u4e00" <= letter <= "\u9fff" for letter in zh), expected
                seen += 1
    assert seen > 10


def test_the_command_prints_each_finding_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = unit(tmp_path, GATE.replace('lock = "sim"', 'lock = "simulator"'))
    assert main(["check-config", str(file)]) == 1
    said = capsys.readouterr().out
    assert "gate.toml:10 portals[0].lock [config_invalid]" in said
    assert main(["check-config", str(file), "--json"]) == 1
    row = json.loads(capsys.readouterr().out)
    assert (row["line"], row["key"]) == (10, "portals[0].lock")
    assert main(["check-config", str(unit(tmp_path))]) == 0
    assert capsys.readouterr().out.endswith("OK\n")


@pytest.mark.parametrize("board", ["generic-x86"])
def test_a_fresh_profile_says_all_that_has_to_be_filled_in(board: str) -> None:
    path = ROOT / "firmware-config" / "profiles" / board / "gate.toml"
    keys = {each.key for each in explain(path)}
    assert {"gate.site", "gate.id", "keys.trust", "broker.ca_file"} <= keys


def test_the_schema_says_of_every_setting_when_it_takes_effect() -> None:
    for file, kinds in (("gate-toml", {"restart"}), ("config-document", {"live", "restart"})):
        schema = json.loads((ROOT / "firmware-config" / "schema" / f"{file}.json").read_text())
        tables = list(schema["$defs"].values())
        tables += [schema] if file == "gate-toml" else []
        settings = [value for table in tables for value in table.get("properties", {}).values()]
        assert len(settings) > 20
        assert {value["x-applies"] for value in settings} == kinds
