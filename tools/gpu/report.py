"""Write what a run of the GPU check found: JSON for machines, a page for people."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from tools.gpu.record import Outcome

__all__ = ["write_report"]


def write_report(outcomes: Sequence[Outcome], folder: Path, day: str) -> tuple[Path, Path]:
    """Write DAY-GPU.json and .md into ``folder``.

    Parts that a second run of one day ran again replace the ones before; the others stay.
    """
    folder.mkdir(parents=True, exist_ok=True)
    device = next((o.facts for o in outcomes if o.part == "device" and o.state == "ok"), {})
    gpu = str(device.get("gpu", "no-gpu"))
    name = re.sub(r"[^a-z0-9]+", "-", gpu.lower()).strip("-")
    data, page = folder / f"{day}-{name}.json", folder / f"{day}-{name}.md"
    outcomes = _joined(data, outcomes)
    lines = [outcome.line() for outcome in outcomes]
    data.write_text(json.dumps(lines, indent=1, ensure_ascii=False) + "\n", "utf-8")
    counts = {
        state: sum(o.state == state for o in outcomes) for state in ("ok", "failed", "impossible")
    }
    text = [
        f"# GPU check: {gpu}, {day}",
        "",
        "Made by `tools/gpu_check.py`. A part that is impossible names the machine's own words.",
        "",
        f"{counts['ok']} parts ok, {counts['failed']} failed, {counts['impossible']} impossible.",
        "",
        "| part | state | what it found |",
        "|---|---|---|",
    ]
    for outcome in outcomes:
        found = "; ".join(f"{key}: {_short(value)}" for key, value in outcome.facts.items())
        text.append(f"| {outcome.part} | {outcome.state} | {found} |")
    page.write_text("\n".join(text) + "\n", "utf-8")
    return data, page


def _joined(data: Path, outcomes: Sequence[Outcome]) -> list[Outcome]:
    known = {outcome.part: outcome for outcome in outcomes}
    if data.is_file():
        for line in json.loads(data.read_text("utf-8")):
            part, state = line.pop("part"), line.pop("state")
            known.setdefault(part, Outcome(part, state, line))
    return list(known.values())


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    return re.sub(r"\s+", " ", text).replace("|", "/")[:400]
