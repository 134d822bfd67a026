"""What inspectors and districts do on their own machine: witness codes, files that admit.

Nothing here speaks to a compound: a witness code is shown to a gate and photographed, a file is
carried to the controller's pages by whoever it admits.
"""

import secrets
import sys
import time
import zipfile
from pathlib import Path
from typing import Annotated

import typer

from mqtt.contract import audit
from mqtt.contract.admission import Admission, seal_admission
from mqtt.contract.bundle import LEAF_FRAME_BYTES
from mqtt.contract.envelope import Ed25519Signer
from mqtt.contract.errors import ConfigError, ContractError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.witness import (
    ANSWER_PREFIX,
    COUNTERS,
    NONCE_BYTES,
    WitnessAnswer,
    fingerprint,
    nonce_text,
    open_answer,
    read_nonce,
)

__all__ = ["district", "holds_in_bundle", "witness"]

witness = typer.Typer(no_args_is_help=True, help="当场见证 / witness a gate on the spot")
district = typer.Typer(no_args_is_help=True, help="区里给检查人员发文件 / a district's files")
_DAY_MS = 86_400_000
_SEED_BYTES = 32


@witness.command("new")
def new_nonce() -> None:
    """Show a one-time code to hold to a gate's code reader."""
    import segno

    text = nonce_text(secrets.token_bytes(NONCE_BYTES))
    segno.make(text, error="m", micro=False).terminal(compact=True)
    print(text)


@witness.command("check")
def check_answer(
    shown: Annotated[str, typer.Argument(help="照片或文字 / photo or text of the answer")],
    nonce: Annotated[str, typer.Option(help="您的一次性码 / your one-time code, ACW1:…")] = "",
    bundle: Annotated[
        Path | None, typer.Option(help="证据包 / a bundle that must contain this state")
    ] = None,
) -> None:
    """Check what a gate's screen answered; exit 1 where it does not hold."""
    answer = open_answer(_text_of(shown), read_nonce(nonce) if nonce else None)
    for line in _told(answer):
        print(line)
    if bundle is not None:
        holds = holds_in_bundle(answer, bundle)
        print("证据包包含这一状态 / the bundle holds this state:", {True: "yes"}.get(holds, "NO"))
        if not holds:
            raise typer.Exit(1)


@district.command("key")
def make_key(
    file: Annotated[Path, typer.Argument(help="私钥文件 / file for the private key")],
) -> None:
    """Make a district's key pair and show the public half, to be entered at the compounds."""
    seed = secrets.token_bytes(_SEED_BYTES)
    file.touch(mode=0o600, exist_ok=False)
    file.write_bytes(seed)
    print(Ed25519Signer.from_seed(seed).public_key.hex())


@district.command("admit")
def admit(
    file: Annotated[Path, typer.Argument(help="写到哪里 / where to write the file")],
    *,
    key: Annotated[Path, typer.Option(help="区里的私钥 / the district's private key")],
    site: Annotated[str, typer.Option(help="小区代号 / site id")],
    login: Annotated[str, typer.Option(help="登录名 / login name")],
    name: Annotated[str, typer.Option(help="姓名 / name")],
    days: Annotated[int, typer.Option(min=1, max=366)] = 30,
) -> None:
    """Write a file that admits an inspector to a compound; it works once."""
    seed = key.read_bytes()
    if len(seed) != _SEED_BYTES:
        raise ConfigError(ReasonCode.CONFIG_INVALID, "district key")
    now_ms = time.time_ns() // 1_000_000
    admission = Admission(
        site, login, name, now_ms, now_ms + days * _DAY_MS, secrets.token_bytes(16)
    )
    file.write_bytes(seal_admission(admission, Ed25519Signer.from_seed(seed)))
    print(file)


def holds_in_bundle(answer: WitnessAnswer, bundle: Path) -> bool:
    """Tell whether the log in a bundle begins with exactly what the gate said on the spot.

    A log that starts later than its first record cannot show it: False.
    """
    tree = audit.Frontier()
    name = f"events/{answer.gate}/{answer.epoch}"
    with zipfile.ZipFile(bundle) as opened:
        if name not in opened.namelist():
            return answer.size == 0
        with opened.open(name) as leaves:
            while tree.size < answer.size:
                head = leaves.read(LEAF_FRAME_BYTES)
                if len(head) < LEAF_FRAME_BYTES:
                    return False
                tree.append(audit.leaf_hash(leaves.read(int.from_bytes(head, "big"))))
    return tree.root() == answer.root


def _text_of(shown: str) -> str:
    if shown.startswith(ANSWER_PREFIX):
        return shown
    from edge.workers.qr.decode import load_decoder
    from edge.workers.qr.pictures import PictureError, read_picture
    from edge.workers.qr.stills import read_still

    try:
        picture = read_picture(Path(shown))
    except PictureError as error:
        raise ContractError(ReasonCode.MALFORMED, error.problem) from error
    look = read_still(load_decoder(), picture, lambda: time.monotonic() * 1000)
    for reading in look.readings:
        if reading.text.startswith(ANSWER_PREFIX):
            return reading.text
    print("照片里没有见证码 / no answer in this picture", file=sys.stderr)
    raise ContractError(ReasonCode.MALFORMED, "picture")


def _told(answer: WitnessAnswer) -> list[str]:
    counted = " ".join(
        f"{name}={count}" for name, count in zip(COUNTERS, answer.counters, strict=True)
    )
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(answer.at_ms // 1000))
    simulated = " SIMULATED" if answer.adapter_kind != "real" else ""
    return [
        f"门 / gate: {answer.site}/{answer.gate}{simulated}",
        f"密钥指纹 / key fingerprint: {fingerprint(answer.public_key)}",
        f"记录 / log: {answer.epoch}, {answer.size} records, {answer.root.hex()[:16]}",
        f"时间 / time (UTC): {at}, clock level {answer.clock_level}",
        f"配置 / configuration: {answer.config.hex()[:16]} {answer.policy.hex()[:16]}",
        f"软件 / software: {answer.software} {answer.software_hash.hex()[:16]}",
        f"人脸 / face: {answer.face_state} {counted}",
    ]
