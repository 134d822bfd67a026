"""Look at this machine: what EqualGate needs, what is there, and what brings the rest.

Every check is quick (no network, no service started) and answers a `Check`.
"""

import ctypes.util
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from equalgate.places import assets_folder, repository_root
from equalgate.setup_checks_jetson import jetson_checks
from equalgate.setup_checks_kind import Check, Need, check
from mqtt.broker.config import parse_version
from mqtt.contract.errors import ConfigError

__all__ = ["Check", "Need", "all_checks"]

MIN_PYTHON = (3, 11)
MIN_FREE_MIB = 1024
PROGRAM_TIMEOUT_S = 5.0
SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
CHINESE_FONTS = (
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
)
NTP_STATUS_OFFSET = 40  # struct timex of 64-bit Linux: where `status` lies (adjtimex(2))
NTP_UNSYNCHRONISED = 0x0040  # STA_UNSYNC (adjtimex(2))


def all_checks() -> list[Check]:
    """Return every finding, the ones that the demo needs first."""
    checks: tuple[Callable[[], Check], ...] = (
        _python,
        _mosquitto,
        _tls,
        _libzbar,
        _chinese_font,
        _disk,
        _loopback_ports,
        _chromium,
        _postgresql,
        _clock,
        _assets,
    )
    return [*(look() for look in checks), *jetson_checks()]


def _apt(package: str) -> str:
    return f"sudo apt-get install -y --no-install-recommends {package}"


def _program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path=":".join(SYSTEM_FOLDERS))


def _output(*command: str) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PROGRAM_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout + done.stderr


def _python() -> Check:
    version = ".".join(str(part) for part in sys.version_info[:3])
    good = sys.version_info[:2] >= MIN_PYTHON
    return check("python", version, Need.DEMO, _apt("python3 python3-venv"), good_enough=good)


def _mosquitto() -> Check:
    path = _program("mosquitto")
    cure = _apt("mosquitto")
    if path is None:
        return check("mosquitto", None, Need.DEMO, cure)
    try:
        version = parse_version(_output(path, "-h"))
    except ConfigError as error:
        return check("mosquitto", error.detail, Need.DEMO, cure, good_enough=False)
    return check("mosquitto", f"{version.major}.{version.minor}.{version.patch}", Need.DEMO, cure)


def _tls() -> Check:
    found = ssl.OPENSSL_VERSION if ssl.HAS_TLSv1_3 else None
    return check("TLS 1.3", found, Need.DEMO, _apt("openssl"))


def _libzbar() -> Check:
    return check(
        "libzbar", ctypes.util.find_library("zbar"), Need.DEMO, _apt("libzbar0  # or libzbar0t64")
    )


def _chinese_font() -> Check:
    found = next((Path(font).name for font in CHINESE_FONTS if Path(font).exists()), None)
    return check("Chinese font", found, Need.DEMO, _apt("fonts-wqy-microhei"))


def _disk() -> Check:
    free_mib = shutil.disk_usage(repository_root()).free // 2**20
    cure = f"请腾出空间 / free {MIN_FREE_MIB} MiB"
    enough = free_mib >= MIN_FREE_MIB
    return check("disk", f"{free_mib} MiB free", Need.DEMO, cure, good_enough=enough)


def _loopback_ports() -> Check:
    try:
        with socket.create_server(("127.0.0.1", 0)):
            found = "free"
    except OSError:
        found = None
    cure = "检查防火墙或沙箱 / a firewall or sandbox forbids listening on 127.0.0.1"
    return check("ports on 127.0.0.1", found, Need.DEMO, cure)


def _chromium() -> Check:
    found = _program("chromium") or _program("chromium-browser") or _program("google-chrome")
    return check("chromium", found, Need.TEST, _apt("chromium"))


def _postgresql() -> Check:
    versions = sorted(
        int(folder.name)
        for folder in Path("/usr/lib/postgresql").glob("*")
        if folder.name.isdigit() and (folder / "bin" / "initdb").exists()
    )
    found = str(versions[-1]) if versions else _program("initdb")
    return check("postgresql", found, Need.TEST, _apt("postgresql"))


def _clock() -> Check:
    found = "synchronised" if _kernel_says_synchronised() else None
    cure = "sudo timedatectl set-ntp true"
    return check("time synchronisation", found, Need.NOTHING, cure)


def _kernel_says_synchronised() -> bool:
    """Ask the kernel; only reads, so any user may (adjtimex(2) with modes 0)."""
    answer = ctypes.create_string_buffer(512)
    try:
        if ctypes.CDLL(None).adjtimex(answer) < 0:
            return False
    except (AttributeError, OSError):
        return False
    status = int.from_bytes(answer.raw[NTP_STATUS_OFFSET : NTP_STATUS_OFFSET + 4], sys.byteorder)
    return not status & NTP_UNSYNCHRONISED


def _assets() -> Check:
    folder = assets_folder()
    there = [name for name in ("models", "faces", "qr") if (folder / name).is_dir()]
    return check(
        "real inputs (EQUALGATE_ASSETS)",
        ", ".join(there) or None,
        Need.NOTHING,
        "没有也能用；人脸步骤会显示未安装 / optional; face steps then say not_installed",
    )
