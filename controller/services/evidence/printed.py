"""Set the report as PDF: Chinese and English, tagged for screen readers (PDF/UA-1).

The layout is `report.typ` beside this file; what it says is the report's table alone, so the PDF
can hold nothing that the signed table does not. A warning of the typesetter, such as a missing
font, is an error: a page without its letters is worse than none.
"""

import io
import json
import tempfile
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import segno
import typst

from mqtt.contract.errors import UnavailableError
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.rules import Verdict

__all__ = ["render_pdf"]

_LAYOUT = Path(__file__).with_name("report.typ")
_FONTS = {
    "WenQuanYi Micro Hei": Path("/usr/share/fonts/truetype/wqy"),
    "Noto Sans CJK SC": Path("/usr/share/fonts/opentype/noto"),
}
_WAYS = {"qr": "二维码 QR", "fob": "门禁卡 fob", "guard": "保安 guard", "face": "人脸 face"}


def render_pdf(table: Mapping[str, Any], manifest_hash: bytes) -> bytes:
    """Return the printed report. Raises UnavailableError where the typesetter cannot set it."""
    with tempfile.TemporaryDirectory(prefix="equalgate-report-") as folder:
        place = Path(folder)
        (place / "report.typ").write_bytes(_LAYOUT.read_bytes())
        family = next((name for name, fonts in _FONTS.items() if fonts.is_dir()), "")
        shown = _shown(table, manifest_hash.hex()) | {"font": family}
        (place / "report.json").write_text(json.dumps(shown, ensure_ascii=False), "utf-8")
        (place / "manifest.svg").write_bytes(_qr(manifest_hash.hex()))
        try:
            made, warnings = typst.compile_with_warnings(
                place / "report.typ",
                format="pdf",
                font_paths=[fonts for fonts in _FONTS.values() if fonts.is_dir()],
                pdf_standards=["ua-1"],
                timestamp=table["made_at_ms"] // 1000,
            )
        except typst.TypstError as error:
            raise UnavailableError(ReasonCode.REPORT_NOT_MADE, "layout") from error
    if warnings or not isinstance(made, bytes):
        said = "; ".join(str(warning.message) for warning in warnings)[:200]
        raise UnavailableError(ReasonCode.REPORT_NOT_MADE, said)
    return made


def _qr(text: str) -> bytes:
    drawn = io.BytesIO()
    segno.make(text, error="m").save(drawn, kind="svg", border=4, scale=4)
    return drawn.getvalue()


def _shown(table: Mapping[str, Any], manifest: str) -> dict[str, Any]:
    """Return what the layout prints: instants as local times, numbers as people read them."""
    zone = table["zone"]
    counts = Counter(rule["verdict"] for rule in table["rules"])
    return {
        "title": table["title"],
        "site": table["site"],
        "made_at": _local(table["made_at_ms"], zone),
        "from": _local(table["from_ms"], zone) if table["from_ms"] else "",
        "software": table["software"],
        "catalogue": table["catalogue"],
        "simulated": table["simulated"],
        "verdicts": [[verdict.value, counts.get(verdict.value, 0)] for verdict in Verdict],
        "failed": [_rule(rule, zone) for rule in table["rules"] if rule["verdict"] == "FAIL"],
        "rules": [_rule(rule, zone) for rule in table["rules"]],
        "points": _points(table["parity"]),
        "containment": table["containment"],
        "drills": [_drill(each, zone) for each in table["drills"]],
        "gates": [_gate(gate, zone) for gate in table["gates"]],
        "face": {name: _number(table["face"], name) for name in ("standing", "enrolled", "ended")},
        "open_requests": table["face"]["requests_open"],
        "manifest": manifest,
    }


def _local(at_ms: int, zone: str) -> str:
    """Write an instant as people of the compound read it."""
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def _rule(rule: Mapping[str, Any], zone: str) -> dict[str, Any]:
    return {
        "id": rule["rule"],
        "verdict": rule["verdict"],
        "zh": rule["text_zh"],
        "en": rule["text_en"],
        "said_zh": rule["zh"],
        "said_en": rule["en"],
        "law": "；".join(source["zh"] for source in rule["sources"]),
        "since": _local(rule["since_ms"], zone) if rule["since_ms"] else "",
    }


def _points(rows: list[list[Any]]) -> list[dict[str, Any]]:
    """Return a block for each access point; the ways in their fixed order, face last."""
    order = {name: at for at, name in enumerate(_WAYS)}
    found: dict[str, list[list[Any]]] = {}
    for row in rows:
        if row[1] in order:
            found.setdefault(row[0], []).append(row)
    return [
        {
            "point": point,
            "rows": [_way(row) for row in sorted(rows, key=lambda row: (row[2], order[row[1]]))],
        }
        for point, rows in sorted(found.items())
    ]


def _way(row: list[Any]) -> dict[str, Any]:
    _, method, month, attempts, granted, tries, first, simulated, median, _, p95, low, high = row
    return {
        "way": _WAYS[method],
        "month": month,
        "n": granted,
        "attempts": attempts,
        "simulated": simulated,
        "first": f"{100 * first / tries:.1f} %" if tries else "–",
        "interval": f"{low / 10:.1f}–{high / 10:.1f} %" if tries else "–",
        "share": first / tries if tries else 0,
        "median": f"{median / 1000:.1f} s" if median >= 0 else "–",
        "p95": f"{p95 / 1000:.1f} s" if p95 >= 0 else "–",
        "enough": granted >= 30,
    }


def _drill(visit: Mapping[str, Any], zone: str) -> dict[str, Any]:
    return {
        "kind": "抽查 drill" if visit["kind"] == "drill" else "走测 walk test",
        "opened": _local(visit["opened_at_ms"], zone),
        "list": visit["list_hash"][:16],
        "refused": visit["refused"] or "–",
        "steps": [
            [
                point,
                _WAYS.get(way, way),
                outcome or "–",
                ("是 yes" if expected else "否 NO") if outcome else "未做 not played",
                "–" if machine is None else f"{machine / 1000:.1f} s",
                "–" if watch is None else f"{watch / 1000:.1f} s",
            ]
            for point, way, outcome, expected, _, _, machine, watch in visit["steps"]
        ],
    }


def _gate(gate: Mapping[str, Any], zone: str) -> dict[str, Any]:
    face = gate["face"] or {}
    return {
        "title": gate["title"],
        "gate": gate["gate"],
        "kind": gate["adapter_kind"],
        "heard": _local(gate["heard_at_ms"], zone) if gate["heard_at_ms"] else "–",
        "software": gate["software"],
        "presses": str(face.get("presses", "–")),
        "looked": str(face.get("entry_frames", "–")),
    }


def _number(face: Mapping[str, Any], name: str) -> str:
    """Return people in all gates together, "<10" where a gate has fewer and says none."""
    values = face[name].values()
    if not values:
        return "0"
    return "<10" if any(value is None for value in values) else str(sum(values))
