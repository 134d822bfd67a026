"""Draw how the ways in are used and how long they take, as SVG with real text.

Okabe-Ito colours with hatching, so that colour never stands alone; every chart has its data table
beside it on the page. matplotlib is loaded only when a chart is drawn; the same numbers give the
same bytes.
"""

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Bar", "bar_chart"]

_LOOKS = {
    "qr": ("#0072B2", "//"),
    "fob": ("#009E73", ".."),
    "guard": ("#E69F00", "xx"),
    "face": ("#CC79A7", "\\\\"),
}
_FONTS = ["PingFang SC", "Microsoft YaHei", "WenQuanYi Micro Hei", "Noto Sans CJK SC", "sans-serif"]
_INK, _QUIET, _LINE, _PAPER = "#1D2327", "#5A646C", "#DDD8CC", "#FFFFFF"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: the way, its name for people, the value, and a longer mark behind it or None.

    `note` is written beside the bar, such as `n=42`; a value below 0 is not known.
    """

    way: str
    name: str
    value: float
    mark: float | None = None
    note: str = ""


def bar_chart(bars: Sequence[Bar], unit: str, title: str) -> bytes:
    """Return a chart of horizontal bars in the order given, as SVG."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    # The page's reader has other fonts than this machine: a missing one here is no news.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    style: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": "equalgate",
        "font.family": _FONTS,
        "font.size": 13,
        "hatch.linewidth": 1.2,
    }
    with rc_context(style):
        figure = Figure(figsize=(7.2, 0.62 * len(bars) + 1.25), facecolor=_PAPER)
        axes = figure.add_axes((0.16, 0.24, 0.78, 0.6))
        for at, bar in enumerate(bars):
            _draw_bar(axes, at, bar)
        axes.set_yticks(range(len(bars)), [bar.name for bar in bars])
        axes.invert_yaxis()
        longest = max((max(bar.value, bar.mark or 0.0) for bar in bars), default=0.0)
        axes.set_xlim(0, longest * 1.35 or 1.0)
        axes.set_xlabel(unit, color=_QUIET)
        axes.set_title(title, loc="left", color=_INK, fontsize=14)
        _quiet_frame(axes)
        target, quiet = io.BytesIO(), {"Date": None, "Creator": None}
        figure.savefig(target, format="svg", metadata=quiet)
    return target.getvalue()


def _draw_bar(axes: Any, at: int, bar: Bar) -> None:  # noqa: ANN401 - matplotlib's Axes
    colour, hatch = _LOOKS.get(bar.way, (_QUIET, ""))
    value = max(bar.value, 0.0)
    axes.barh(at, value, 0.58, color=colour, hatch=hatch, edgecolor=_PAPER, linewidth=0)
    if bar.mark is not None and bar.mark > value:
        axes.plot([value, bar.mark], [at, at], color=_INK, linewidth=2)
        axes.plot([bar.mark, bar.mark], [at - 0.2, at + 0.2], color=_INK, linewidth=2)
    end = max(value, bar.mark or 0.0)
    axes.annotate(bar.note, (end, at), xytext=(8, 0), textcoords="offset points", va="center")


def _quiet_frame(axes: Any) -> None:  # noqa: ANN401 - matplotlib's Axes
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_LINE)
    axes.tick_params(colors=_INK, length=0)
