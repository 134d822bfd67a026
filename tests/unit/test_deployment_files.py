"""Container and unit files: parsed, and everything that they name exists."""

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from equalgate.cli import app
from tests.support.repository import ROOT

DOCKER = ROOT / "docker"
COMPOSE = sorted(DOCKER.glob("compose*.yaml"))
DOCKERFILES = sorted(DOCKER.glob("*Dockerfile"))
UNITS = sorted((ROOT / "firmware-config" / "systemd").glob("*.service"))
MODULE = re.compile(r"-m ([\w.]+)")


class Unit(configparser.RawConfigParser):
    """A systemd unit: keys may repeat and keep their case; the last one wins here."""

    def __init__(self) -> None:
        super().__init__(strict=False, comment_prefixes=("#",), delimiters=("=",))

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def unit(name: str) -> Unit:
    parsed = Unit()
    parsed.read(ROOT / "firmware-config" / "systemd" / name)
    return parsed


def services() -> list[tuple[str, dict[str, Any], Path]]:
    return [
        (f"{path.name}:{name}", service, path)
        for path in COMPOSE
        for name, service in yaml.safe_load(path.read_text())["services"].items()
    ]


def verbs(group: str) -> set[str]:
    for registered in app.registered_groups:
        if registered.name == group and registered.typer_instance is not None:
            return {str(c.name) for c in registered.typer_instance.registered_commands}
    return set()


@pytest.mark.parametrize(("name", "service", "path"), services(), ids=lambda value: str(value)[:40])
def test_a_service_builds_from_files_that_exist(
    name: str, service: dict[str, Any], path: Path
) -> None:
    if "image" in service:
        return
    context = (path.parent / service["build"]["context"]).resolve()
    assert context == ROOT
    assert (context / service["build"]["dockerfile"]).exists()
    command = service["command"]
    if command and command[0] in {"controller", "edge"}:
        assert command[1] in verbs(command[0]), name


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_volumes_secrets_and_dependencies_are_declared(path: Path) -> None:
    compose = yaml.safe_load(path.read_text())
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source.startswith(("./", "../")) or source in compose["volumes"]
        assert set(service.get("secrets", [])) <= set(compose.get("secrets", {}))
        assert set(service.get("depends_on", {})) <= set(compose["services"])


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_a_dockerfile_copies_what_exists_and_ends_without_root(path: Path) -> None:
    lines = path.read_text().replace("\\\n", " ").splitlines()
    steps = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    for instruction, rest in steps:
        if instruction == "COPY":
            for source in shlex.split(rest)[:-1]:
                assert (ROOT / source).exists(), source
    users = [rest for instruction, rest in steps if instruction == "USER"]
    assert users[-1] == "equalgate"
    assert not [rest for instruction, rest in steps if instruction == "ADD"]


@pytest.mark.parametrize(("name", "service", "path"), services(), ids=lambda value: str(value)[:40])
def test_no_container_is_privileged(name: str, service: dict[str, Any], path: Path) -> None:
    assert service.get("privileged") in {None, False}, name
    assert not service.get("cap_add"), path.name
    assert service.get("pid") is None
    assert "no-new-privileges:true" in service["security_opt"]
    mounts = [str(volume) for volume in service.get("volumes", [])]
    assert not [mount for mount in mounts if "docker.sock" in mount or mount.startswith("/:")]
    if "image" not in service:
        assert service["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_a_dockerfile_is_tidy(path: Path) -> None:
    """Hold to hadolint's rules that matter here: named base, no cache, hashed pins, exec form."""
    text = path.read_text().replace("\\\n", " ")
    assert re.search(r"^ARG BASE=(\S+)$", text, re.MULTILINE)
    assert re.findall(r"^FROM (.*)$", text, re.MULTILINE) == ["${BASE}"]
    assert ":latest" not in text
    for line in re.findall(r"^RUN (.*)$", text, re.MULTILINE):
        assert "sudo" not in line
        if "apt-get install" in line:
            assert "--no-install-recommends" in line
            assert "rm -rf /var/lib/apt/lists/*" in line
        for command in re.findall(r"pip3? install [^&]*", line):
            assert "--no-cache-dir" in command
            assert "--require-hashes" in command or "--no-index" in command
    for shell in re.findall(r"^(?:ENTRYPOINT|CMD) (.*)$", text, re.MULTILINE):
        assert isinstance(yaml.safe_load(shell), list), shell
    assert not re.search(r"--privileged(?! )|password=|token=", text, re.IGNORECASE)


def test_every_compose_file_is_named_on_the_page_and_every_dockerfile_is_used_or_told() -> None:
    page = (DOCKER / "README.md").read_text("utf-8")
    for path in (*COMPOSE, *DOCKERFILES):
        assert f"`{path.name}`" in page
    assert {path.name for path in COMPOSE} == {
        "compose.yaml",
        "compose.site.yaml",
        "compose.postgres.yaml",
        "compose.dev.yaml",
    }
    postgres = yaml.safe_load((DOCKER / "compose.postgres.yaml").read_text())
    assert "postgres" in postgres["services"]["database"]["image"]
    assert "database" not in yaml.safe_load((DOCKER / "compose.site.yaml").read_text())["services"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_is_sandboxed_and_restarts(path: Path) -> None:
    service = unit(path.name)["Service"]
    assert service["User"] != "root"
    assert service["Restart"] == "always"
    assert service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["CapabilityBoundingSet"] == ""
    assert service["WorkingDirectory"] == "/opt/equalgate"


def test_the_processes_of_a_gate_have_users_of_their_own() -> None:
    users = [unit(path.name)["Service"]["User"] for path in UNITS]
    assert len(set(users)) == len(users) == 4
    declared = (ROOT / "firmware-config" / "sysusers" / "equalgate.conf").read_text()
    assert all(re.search(rf"^u {user} ", declared, re.MULTILINE) for user in users)


def test_the_daemon_tells_systemd_and_waits_for_no_network() -> None:
    daemon = unit("equalgate-gate.service")
    assert daemon["Service"]["Type"] == "notify"
    assert int(daemon["Service"]["WatchdogSec"]) > 0
    assert MODULE.findall(daemon["Service"]["ExecStart"]) == ["edge"]
    assert "network" not in f"{dict(daemon['Unit'])}"


@pytest.mark.parametrize("name", ["equalgate-qr@.service", "equalgate-face.service"])
def test_workers_have_no_network_and_no_access_to_the_records(name: str) -> None:
    service = unit(name)["Service"]
    assert service["PrivateNetwork"] == "yes"
    assert service["RestrictAddressFamilies"] == "AF_UNIX"
    assert "/var/lib/equalgate" in service["InaccessiblePaths"]
    (module,) = MODULE.findall(service["ExecStart"])
    assert module.startswith("edge.workers.")


def test_no_other_unit_needs_the_face_worker() -> None:
    for path in UNITS:
        if path.name != "equalgate-face.service":
            assert "face" not in path.read_text().lower()


def test_every_udev_line_that_names_a_device_sets_who_may_open_it() -> None:
    rules = (ROOT / "firmware-config" / "udev" / "70-equalgate.rules").read_text()
    lines = [line for line in rules.splitlines() if line and not line.startswith("#")]
    assert len(lines) >= 4
    for line in lines:
        assert re.fullmatch(r'\w+(\{\w+\})?[=+]*="[^"]*"(, \w+(\{\w+\})?[=+]*="[^"]*")*', line)
        assert "GROUP=" in line
        assert "MODE=" in line or "gpio" in line


def test_every_drawing_is_one_of_ours_and_shown() -> None:
    folder = ROOT / "firmware-config"
    shown = set(
        re.findall(r"\]\((wiring/[\w-]+\.svg)\)", (folder / "README.md").read_text("utf-8"))
    )
    drawings = {f"wiring/{path.name}" for path in (folder / "wiring").glob("*.svg")}
    assert shown == drawings
    assert len(drawings) >= 6
    for name in drawings:
        text = (folder / name).read_text("utf-8")
        tree = ET.fromstring(text)
        assert tree.tag.endswith("svg")
        assert "href" not in text
        assert "<script" not in text


def test_a_unit_talks_to_its_compound_only() -> None:
    rules = (ROOT / "firmware-config" / "nftables" / "equalgate.nft").read_text()
    assert rules.count("policy drop;") == 3
    assert rules.count("{") == rules.count("}")
    accepted = [line for line in rules.splitlines() if "accept" in line]
    assert not [line for line in accepted if "equalgate-face" in line]
    assert [line for line in accepted if "skuid equalgate ip" in line and "8883" in line]


@pytest.mark.parametrize("name", [path.name for path in UNITS])
def test_systemd_itself_finds_nothing_wrong_and_little_exposed(name: str, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    text = (ROOT / "firmware-config" / "systemd" / name).read_text()
    text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE)
    text = re.sub(r"^EnvironmentFile=.*", "EnvironmentFile=-/dev/null", text, flags=re.MULTILINE)
    file = tmp_path / name.replace("@.", "@ap-1.")
    file.write_text(text)
    verify = ["systemd-analyze", "verify", str(file)]
    done = subprocess.run(verify, capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "equalgate" in line]
    assert ours == []
    security = ["systemd-analyze", "security", "--offline=yes", "--threshold=40", str(file)]
    judged = subprocess.run(security, capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout[-600:]


def test_users_and_folders_are_made_as_written(tmp_path: Path) -> None:
    if shutil.which("systemd-sysusers") is None:
        pytest.skip("systemd-sysusers is not installed")
    conf = ROOT / "firmware-config" / "sysusers" / "equalgate.conf"
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    command = ["systemd-sysusers", f"--root={root}", str(conf)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"systemd-sysusers: {done.stderr[:60]}")
    made = (root / "etc" / "passwd").read_text()
    assert {line.split(":")[0] for line in made.splitlines()} >= {
        "equalgate",
        "equalgate-qr",
        "equalgate-face",
        "equalgate-screen",
    }


@pytest.mark.parametrize("name", ["equalgate-qr@", "equalgate-face"])
def test_on_jetpack_6_the_workers_alone_run_on_the_systems_python(name: str) -> None:
    own = unit(f"{name}.service")["Service"]["ExecStart"]
    drop_in = ROOT / "firmware-config" / "jetpack6" / f"{name}.service.d" / "python310.conf"
    commands = re.findall(r"^ExecStart=(.*)$", drop_in.read_text(), re.MULTILINE)
    expected = own.replace("/opt/equalgate/.venv/bin/python", "/usr/bin/python3")
    assert commands == ["", expected]
    folders = {path.name for path in (ROOT / "firmware-config" / "jetpack6").iterdir()}
    assert folders == {"equalgate-qr@.service.d", "equalgate-face.service.d"}
