"""Run every check on a bundle, gate by gate, and collect what was found."""

import hashlib
from collections.abc import Iterator
from dataclasses import astuple, dataclass, field

from equalgate.verifying.base import BrokenError, Findings, LogSummary
from equalgate.verifying.documents import Document, containment, read_document, replay
from equalgate.verifying.frames import Keys, LogEntry, Manifest, frames_of, table
from equalgate.verifying.log import Tree, check_leaf, count_leaf, read_leaves, rebuild
from equalgate.verifying.signed import SignedHead, open_signed, read_note
from equalgate.verifying.zipped import BundleFile
from mqtt.contract.parity import ParityTally

__all__ = ["Contents", "check_documents", "check_logs", "check_report", "hashed"]

_SMALL = 16 << 20
_MOST_CLASSES = 2_000
_PRESENCE = {"birth": range(1, 2), "hb": range(2, 4)}
_VERDICTS = ("PASS", "FAIL", "INSUFFICIENT DATA", "NOT APPLICABLE", "NEEDS HUMAN", "NOT COVERED")


@dataclass(slots=True)
class Contents:
    """An opened bundle whose manifest is signed.

    `confirmed` is what gates say they hold, `published` each gate's configuration and policy,
    `control` size and root of the controller's own log.
    """

    file: BundleFile
    manifest: Manifest
    keys: Keys
    findings: Findings
    tally: ParityTally
    confirmed: dict[tuple[str, str], tuple[int, bytes]]
    containment: list[str]
    published: dict[str, tuple[Document, Document]] = field(default_factory=dict)
    control: tuple[int, bytes] = (0, b"")


def check_logs(contents: Contents) -> None:
    """Rebuild every log and hold it against its checkpoints."""
    logs = contents.manifest.logs
    places = [(log.gate, log.epoch) for log in logs]
    names = [f"{folder}/{gate}/{epoch}" for folder in ("events", "heads") for gate, epoch in places]
    there = [name for name in contents.file.names if name.startswith(("events/", "heads/"))]
    if places != sorted(set(places)) or names != there:
        raise BrokenError("the logs are not those that the manifest names")
    for gate in contents.keys.gates:
        if gate not in {log.gate for log in logs}:
            contents.findings.incomplete.append(f"{gate}: no log of this gate is in the bundle")
    for log in logs:
        summary = LogSummary(log.gate, log.epoch, log.first, log.count)
        contents.findings.logs.append(summary)
        try:
            _check_log(contents, log, summary)
        except BrokenError as error:
            contents.findings.altered.append(f"{log.gate}/{log.epoch}: {error.text}")


def _check_log(contents: Contents, log: LogEntry, summary: LogSummary) -> None:
    heads = _heads(contents, log)
    tree = Tree(log.first, log.peaks)
    name = f"events/{log.gate}/{log.epoch}"
    leaves = rebuild(read_leaves(hashed(contents, name)), summary, tree, heads)
    site, seq, is_explained = contents.manifest.site, log.first, False
    for leaf in leaves:
        try:
            fields = check_leaf(leaf, site, summary, seq)
        except BrokenError:
            summary.first_bad = seq
            raise
        is_explained = is_explained or fields[9] == "epoch_changed"
        count_leaf(fields, summary, contents.tally)
        seq += 1
    if seq != log.first + log.count:
        raise BrokenError(f"{seq - log.first} records, the manifest says {log.count}")
    _judge(contents.findings, log, heads, summary)
    is_first = min(each.epoch for each in contents.manifest.logs if each.gate == log.gate)
    if log.epoch != is_first and log.first == 0 and not is_explained:
        where = f"{log.gate}/{log.epoch}"
        contents.findings.incomplete.append(f"{where}: a new log without a record that explains it")


def _judge(findings: Findings, log: LogEntry, heads: list[SignedHead], summary: LogSummary) -> None:
    """Say which witness bounds the end of the log, and what is missing."""
    where, end = f"{log.gate}/{log.epoch}", log.first + log.count
    beyond = [head.size for head in heads if head.size > end]
    if beyond:
        missing = f"records {end} to {max(beyond) - 1} were witnessed and are missing"
        findings.incomplete.append(f"{where}: {missing}")
    if summary.checkpoints == 0:
        findings.incomplete.append(f"{where}: no checkpoint covers these records")


def _heads(contents: Contents, log: LogEntry) -> list[SignedHead]:
    """Return the checkpoints of a log, each signed by the gate and countersigned."""
    name = f"heads/{log.gate}/{log.epoch}"
    parts = frames_of(b"".join(hashed(contents, name, _SMALL)))
    if len(parts) % 2:
        raise BrokenError("the checkpoints are cut")
    witnesses = contents.keys.scopes.get("ack", {})
    heads = []
    for note, presence in zip(parts[::2], parts[1::2], strict=True):
        try:
            text = note.decode("utf-8")
        except UnicodeDecodeError as error:
            raise BrokenError("a checkpoint holds bad text") from error
        head = read_note(text, contents.manifest.witness, witnesses)
        _check_presence(contents, log, head, presence)
        heads.append(head)
    order = [head.size for head in heads]
    if order != sorted(set(order)):
        raise BrokenError("the checkpoints are out of order")
    return heads


def _check_presence(contents: Contents, log: LogEntry, head: SignedHead, presence: bytes) -> None:
    """Compare a countersigned checkpoint with the birth or heartbeat in which the gate said it."""
    site = contents.manifest.site
    public_key = contents.keys.gates.get(log.gate, b"")
    kid = hashlib.sha256(public_key).digest()[:8]
    type_, _, said = open_signed(presence, _PRESENCE, {kid: public_key})
    place = (said.get("site"), said.get("gate"), said.get("epoch"))
    same = (said.get("size"), said.get("root")) == (head.size, head.root)
    origin = f"{site}/{log.gate}/{log.epoch}"
    if place != (site, log.gate, log.epoch) or not same or head.origin != origin:
        raise BrokenError("a checkpoint is not what the gate signed")
    held = said.get("documents")
    if type_ != "birth" or not isinstance(held, dict):
        return
    for name, value in held.items():
        if isinstance(value, list) and len(value) == 2:
            version, digest = value
            if type(version) is int and isinstance(digest, bytes):
                contents.confirmed[log.gate, name] = (version, digest)


def check_documents(contents: Contents) -> None:
    """Check every document, hold it against what the gate confirmed, replay the containment."""
    found: dict[tuple[str, str], Document] = {}
    for name in contents.file.names:
        if not name.startswith("documents/"):
            continue
        _, gate, title = name.split("/")
        data = b"".join(hashed(contents, name, _SMALL))
        document = read_document(data, contents.manifest.site, gate, title, contents.keys)
        found[gate, title] = document
        confirmed = contents.confirmed.get((gate, title))
        if confirmed == (document.version, document.digest):
            said = "the gate itself confirmed it"
        else:
            said = "not yet confirmed by the gate at a start"
        contents.findings.notes.append(f"{gate}: {title} version {document.version}, {said}")
    for gate in contents.keys.gates:
        config, policy = found.get((gate, "config")), found.get((gate, "policy"))
        if config is None or policy is None:
            contents.findings.incomplete.append(f"{gate}: its configuration is not in the bundle")
            continue
        contents.published[gate] = (config, policy)
        contents.containment += containment(config, policy)


def check_report(contents: Contents, data: bytes) -> None:
    """Hold the report's numbers against the records, and count the verdicts of rules."""
    report = table(data)
    rows = [list(astuple(row)) for row in contents.tally.rows()]
    if report.get("parity") != rows:
        raise BrokenError("the report's numbers of the ways in do not follow from the records")
    if report.get("containment") != contents.containment:
        raise BrokenError("the report's proof about face does not follow from the configuration")
    _check_proofs(contents, report)
    rules = report.get("rules")
    if not isinstance(rules, list):
        raise BrokenError("the report has no verdicts")
    counts = dict.fromkeys(_VERDICTS, 0)
    for rule in rules:
        verdict = rule.get("verdict") if isinstance(rule, dict) else None
        if verdict not in counts:
            raise BrokenError("the report holds an unknown verdict")
        counts[str(verdict)] += 1
    contents.findings.rules = counts


def _check_proofs(contents: Contents, report: dict[str, object]) -> None:
    """Replay the comparison of intervals for every class of equal access; nobody is named."""
    classes = report.get("classes")
    if not isinstance(classes, list) or len(classes) > _MOST_CLASSES:
        raise BrokenError("the report names no classes of equal access")
    proofs = {gate: replay(*pair, classes) for gate, pair in contents.published.items()}
    if report.get("proofs") != proofs:
        raise BrokenError("the report's comparison of intervals does not follow")
    for gate, proof in proofs.items():
        said = f"{len(classes)} classes of equal access, {len(proof['points'])} points with face"
        beyond = f"face alone opens in {proof['beyond']} intervals"
        contents.findings.notes.append(f"{gate}: proof replayed: {said}, {beyond}")


def hashed(contents: Contents, name: str, most_bytes: int | None = None) -> Iterator[bytes]:
    """Yield a member's blocks; raise BrokenError at its end if it is not what was signed."""
    size, expected = contents.manifest.hashes.get(name, (-1, b""))
    if contents.file.size(name) != size or (most_bytes is not None and size > most_bytes):
        raise BrokenError(f"{name} does not have the signed length")
    digest = hashlib.sha256()
    for block in contents.file.blocks(name):
        digest.update(block)
        yield block
    if digest.digest() != expected:
        raise BrokenError(f"{name} is not what was signed")
