"""Make a bundle: logs, configurations, report and signatures, in one transaction's view."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import cbor2
from sqlalchemy import Engine, select

from controller.domain.moment import Moment
from controller.services.evidence.archive import Archive, Written
from controller.services.evidence.logs import (
    Log,
    control_parts,
    head_parts,
    leaf_parts,
    logs_of,
)
from controller.services.evidence.papers import (
    VERIFY_TEXT,
    containment_findings,
    document_parts,
    keys_table,
    papers_of,
    proof_table,
)
from controller.services.evidence.report import report_table
from controller.services.keys import signer_for
from controller.services.logbook.witness import WITNESS
from controller.services.proof_upkeep import keep_proof
from controller.services.site import Site
from controller.storage.models import GateRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract import codec, envelope
from mqtt.contract.bundle import EVIDENCE_TYPE, FORMAT, rank
from mqtt.contract.parity import ParityTally
from mqtt.contract.records import KeyScope

__all__ = ["Bundle", "Period", "Progress", "Render", "make_bundle"]

Progress = Callable[[str, int, int], None]
"""Told what is being written, how much of it, and of how much."""
Render = Callable[[dict[str, object], bytes], bytes]
"""Makes `report.pdf` of the report's table and the manifest's SHA-256."""

_TELL_EVERY = 50_000


@dataclass(frozen=True, slots=True)
class Period:
    """From when the bundle holds records, in UTC ms; it always reaches to now."""

    from_ms: int = 0


@dataclass(frozen=True, slots=True)
class Bundle:
    """What was made: length in bytes, records in it, and the manifest's hash."""

    size: int
    records: int
    manifest_sha256: bytes


def make_bundle(
    engine: Engine,
    site: Site,
    file: BinaryIO,
    moment: Moment,
    *,
    title: str,
    render: Render,
    period: Period = Period(),
    progress: Progress = lambda *_: None,
) -> Bundle:
    """Write a bundle into an empty, seekable file.

    What gates signed last is countersigned first. Raises StorageError and UnavailableError.
    """
    keep_proof(engine, site, moment)
    with UnitOfWork(engine, writes=False) as uow:
        return _Maker(uow, site, moment, Archive(file), progress).make(title, render, period)


class _Maker:
    """Writes one bundle; the order of the members is that of the layout."""

    def __init__(
        self, uow: UnitOfWork, site: Site, moment: Moment, archive: Archive, progress: Progress
    ) -> None:
        self._uow = uow
        self._site = site
        self._moment = moment
        self._archive = archive
        self._progress = progress
        self._signer = signer_for(uow, site, KeyScope.DOCUMENT, moment)
        self._tally = ParityTally()

    def make(self, title: str, render: Render, period: Period) -> Bundle:
        """Write every member and return what was made."""
        uow, moment, archive = self._uow, self._moment, self._archive
        keyed = select(GateRow.name).where(GateRow.public_key != b"").order_by(GateRow.name)
        gates = tuple(uow.session.scalars(keyed))
        archive.add("VERIFY.txt", [VERIFY_TEXT.encode()])
        containment = sorted(finding for gate in gates for finding in self._documents(gate))
        logs = [log for gate in gates for log in logs_of(uow, gate, period.from_ms)]
        self._logs(logs)
        archive.add("control.log", control_parts(uow))
        archive.add("keys.json", [_json(keys_table(uow, moment))])
        report = report_table(
            uow,
            self._site,
            title,
            moment,
            tally=self._tally,
            proof={"containment": containment, **proof_table(uow, gates, moment)},
            period_ms=(period.from_ms, moment.utc_ms),
        )
        archive.add("report.json", [_json(report)])
        manifest_hash = self._close(report, render, self._manifest(archive.written, logs, period))
        return Bundle(archive.close(), sum(log.count for log in logs), manifest_hash)

    def _close(
        self, report: dict[str, object], render: Render, manifest: dict[str, object]
    ) -> bytes:
        """Write manifest, printed report and signatures; return the manifest's hash."""
        raw = _json(manifest)
        self._archive.add("manifest.json", [raw])
        manifest_hash = hashlib.sha256(raw).digest()
        self._progress("report.pdf", 0, 1)
        pdf = self._archive.add("report.pdf", [render(report, manifest_hash)])
        said = self._signatures(manifest_hash, pdf.sha256)
        self._archive.add("signatures.json", [_json(said)])
        return manifest_hash

    def _documents(self, gate: str) -> list[str]:
        for document in papers_of(self._uow, gate):
            name = f"documents/{gate}/{document.name.value}"
            parts = document_parts(self._uow, self._site, document, self._signer)
            self._archive.add(name, parts)
        return containment_findings(self._uow, gate)

    def _logs(self, logs: list[Log]) -> None:
        total = sum(log.count for log in logs)
        done = 0
        for log in sorted(logs, key=lambda each: rank(f"events/{each.gate}/{each.epoch}")):
            self._archive.add(f"events/{log.gate}/{log.epoch}", self._leaves(log, done, total))
            done += log.count
        for log in sorted(logs, key=lambda each: rank(f"heads/{each.gate}/{each.epoch}")):
            self._archive.add(f"heads/{log.gate}/{log.epoch}", head_parts(self._uow, log))

    def _leaves(self, log: Log, done: int, total: int) -> Iterator[bytes]:
        for framed, leaf in leaf_parts(self._uow, log):
            # Ingest has checked the form of every leaf; here speed counts.
            self._tally.add_leaf(cbor2.loads(leaf))
            done += 1
            if done % _TELL_EVERY == 0:
                self._progress("events", done, total)
            yield framed

    def _manifest(
        self, members: list[Written], logs: list[Log], period: Period
    ) -> dict[str, object]:
        return {
            "format": FORMAT,
            "site": self._site.name,
            "witness": WITNESS,
            "made_at_ms": self._moment.utc_ms,
            "from_ms": period.from_ms,
            "to_ms": self._moment.utc_ms,
            "members": [
                {"name": each.name, "bytes": each.size, "sha256": each.sha256.hex()}
                for each in members
            ],
            "logs": [
                {
                    "gate": log.gate,
                    "epoch": log.epoch,
                    "first": log.first,
                    "count": log.count,
                    "peaks": [peak.hex() for peak in log.peaks],
                }
                for log in sorted(logs, key=lambda each: (each.gate, each.epoch))
            ],
        }

    def _signatures(self, manifest_hash: bytes, report_hash: bytes) -> dict[str, object]:
        said: dict[str, codec.Plain] = {
            "site": self._site.name,
            "made_at_ms": self._moment.utc_ms,
            "manifest": manifest_hash,
            "report": report_hash,
        }
        sealed = envelope.seal(EVIDENCE_TYPE, 1, codec.encode_plain(said), self._signer)
        return {"controller": base64.b64encode(sealed).decode("ascii")}


def _json(value: dict[str, object]) -> bytes:
    """Return a table in its one form."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1).encode("utf-8")
