"""Check an evidence bundle offline, trusting neither the manager nor us.

    equalgate verify FILE [--json] [--key FINGERPRINT]

Exit status: 0 INTACT, 1 ALTERED or INCOMPLETE, 2 bad use. The answer says for each gate what was
checked and which witness bounds the end of its log; then it counts the verdicts of the rules. There
is no overall PASS: whether the rules are kept is for people to judge.
"""

import argparse
import base64
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from equalgate.verifying.base import BrokenError, Findings, LogSummary, Verdict
from equalgate.verifying.checks import Contents, check_documents, check_logs, check_report
from equalgate.verifying.control import check_control, check_control_head
from equalgate.verifying.frames import Keys, Manifest, read_keys_table, read_manifest, table
from equalgate.verifying.signed import open_signed
from equalgate.verifying.zipped import BundleFile
from mqtt.contract.bundle import EVIDENCE_TYPE
from mqtt.contract.parity import ParityTally

__all__ = ["main", "verify_bundle", "verify_file"]

_SMALL = 16 << 20
_UNFORESEEN = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
_LATE = ("manifest.json", "report.pdf", "signatures.json")
_ANSWERS = {
    Verdict.INTACT: "记录完整，未被改动",
    Verdict.ALTERED: "记录被改动过",
    Verdict.INCOMPLETE: "记录不完整",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; see the module text."""
    parser = argparse.ArgumentParser(prog="verify", description="核对证据包 / check a bundle")
    parser.add_argument("file", type=Path, help="证据包 / the bundle (.zip)")
    parser.add_argument("--json", action="store_true", help="输出 JSON / print JSON")
    told = "安装记录上的密钥指纹 / key fingerprint on the installation record"
    parser.add_argument("--key", default="", help=told)
    try:
        given = parser.parse_args(arguments)
    except SystemExit as end:
        return 2 if end.code else 0
    return verify_file(given.file, as_json=given.json, key=given.key)


def verify_file(path: Path, *, as_json: bool = False, key: str = "") -> int:
    """Check a file, print the answer and return the exit status."""
    try:
        with path.open("rb") as file:
            findings = verify_bundle(file, key)
    except OSError:
        print(f"打不开文件 / cannot open: {path.name}", file=sys.stderr)
        return 2
    print(_as_json(findings) if as_json else _as_text(findings))
    return 0 if findings.verdict is Verdict.INTACT else 1


def verify_bundle(file: BinaryIO, key: str = "") -> Findings:
    """Run every check; whatever the file holds, the answer is a finding and no error.

    `key` is the beginning of the fingerprint (SHA-256 in hex, 16 digits or more) that the
    installation record names for the key that signs bundles, or empty.
    """
    findings = Findings()
    try:
        contents = _open(BundleFile.open(file), findings, key)
        check_logs(contents)
        check_documents(contents)
        check_control(contents)
        _check_rest(contents)
    except BrokenError as error:
        findings.altered.append(error.text)
    except _UNFORESEEN as error:
        # A form that no check foresaw is refused like any other, never believed.
        findings.altered.append(f"unreadable ({type(error).__name__})")
    return findings


def _open(file: BundleFile, findings: Findings, key: str) -> Contents:
    """Check the signature over manifest and report, then the manifest itself."""
    raw = file.read("manifest.json", _SMALL)
    keys = read_keys_table(file.read("keys.json", _SMALL))
    manifest = read_manifest(raw)
    encoded = table(file.read("signatures.json", _SMALL))
    text = encoded.get("controller")
    if set(encoded) != {"controller"} or not isinstance(text, str):
        raise BrokenError("the signatures have the wrong shape")
    envelope = base64.b64decode(text, validate=True)
    if base64.b64encode(envelope).decode() != text:
        raise BrokenError("the signature is not in its one form")
    signers = keys.scopes.get("document", {})
    _, kid, said = open_signed(envelope, {EVIDENCE_TYPE: range(1, 2)}, signers)
    report = hashlib.sha256()
    for block in file.blocks("report.pdf"):
        report.update(block)
    expected = {
        "site": manifest.site,
        "made_at_ms": manifest.made_at_ms,
        "manifest": hashlib.sha256(raw).digest(),
        "report": report.digest(),
    }
    if said != expected:
        raise BrokenError("manifest or report is not what the controller signed")
    _check_names(file, manifest)
    _tell_keys(findings, keys, signers[kid], key)
    return Contents(file, manifest, keys, findings, ParityTally(), {}, [])


def _check_names(file: BundleFile, manifest: Manifest) -> None:
    if [name for name in file.names if name not in _LATE] != list(manifest.hashes):
        raise BrokenError("the members are not those that the manifest names")


def _tell_keys(findings: Findings, keys: Keys, signer: bytes, key: str) -> None:
    """Name the keys on which everything stands, or refuse a signer that is not the expected one."""
    fingerprint = hashlib.sha256(signer).hexdigest()
    wanted = key.lower().replace(" ", "").replace(":", "")
    if wanted and not (len(wanted) >= 16 and fingerprint.startswith(wanted)):
        raise BrokenError("the bundle is signed by another key than the installation record names")
    if not wanted:
        told = "compare it with the installation record (or give --key)"
        findings.notes.append(f"controller key {fingerprint[:32]}: {told}")
    for gate, public_key in keys.gates.items():
        shown = hashlib.sha256(public_key).hexdigest()[:32]
        findings.notes.append(f"{gate}: gate key {shown}")


def _check_rest(contents: Contents) -> None:
    """Compare what no other check has read, and then the report's numbers."""
    for name in ("VERIFY.txt", "keys.json", "report.json"):
        data = contents.file.read(name, _SMALL)
        if contents.manifest.hashes[name] != (len(data), hashlib.sha256(data).digest()):
            raise BrokenError(f"{name} is not what was signed")
        if name == "report.json" and not contents.findings.altered:
            check_report(contents, data)
            check_control_head(contents, data)


def _as_json(findings: Findings) -> str:
    told = {"verdict": findings.verdict.value, **asdict(findings)}
    return json.dumps(told, ensure_ascii=False, indent=1)


def _as_text(findings: Findings) -> str:
    lines = [f"{findings.verdict.value}  {_ANSWERS[findings.verdict]}", ""]
    lines += [f"  ! 改动 / altered: {text}" for text in findings.altered]
    lines += [f"  ! 缺失 / missing: {text}" for text in findings.incomplete]
    lines += [_log_line(log) for log in findings.logs]
    lines += [f"  - {text}" for text in findings.notes]
    if findings.rules:
        counts = ", ".join(f"{name} {count}" for name, count in findings.rules.items())
        lines.append(f"  规则结论 / verdicts of rules: {counts}")
    lines.append("  本程序不判断是否合规 / this does not say whether the law is kept")
    return "\n".join(lines)


def _log_line(log: LogSummary) -> str:
    last = log.first + log.count - 1
    text = f"  {log.gate}/{log.epoch}: 记录 / records {log.first}-{last}, "
    text += f"checkpoints {log.checkpoints}, erasures {log.erased}, simulated {log.simulated}"
    if log.witnessed >= 0:
        at = datetime.fromtimestamp(min(log.witnessed_at_s, 4_000_000_000), UTC)
        text += f"; witnessed up to {log.witnessed - 1} at {at:%Y-%m-%d %H:%M:%S} UTC"
        if last >= log.witnessed:
            text += f", {last - log.witnessed + 1} newer ones only by the controller"
    if log.first_bad >= 0:
        text += f"; first bad record at or after {log.first_bad}"
    return text


if __name__ == "__main__":
    sys.exit(main())
