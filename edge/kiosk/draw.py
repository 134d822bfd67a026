"""Draw a view as HTML: one sentence, one picture, the ways in as equal tiles. Pure."""

from html import escape

from edge.kiosk.view import State, View
from edge.kiosk.words import LABELS, TILES, Text, hint_of

__all__ = ["ICONS", "fragment", "page"]

ICONS = {
    "qr": "M3 3h7v7H3zM14 3h7v7h-7zM3 14h7v7H3zM14 14h3v3h-3zM18 18h3v3h-3z",
    "fob": "M8 3h8a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H8a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2zM10 8h4M9 16h6",
    "guard": "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c0-4 3.6-6 8-6s8 2 8 6M8 7h8",
    "face": "M4 8V6a2 2 0 0 1 2-2h2M16 4h2a2 2 0 0 1 2 2v2M20 16v2a2 2 0 0 1-2 2h-2M8 20H6"
    "a2 2 0 0 1-2-2v-2M9 10v1M15 10v1M9 15c1.8 1.4 4.2 1.4 6 0",
    "granted": "M4 12l5 5L20 6",
    "refused": "M5 5l14 14M19 5L5 19",
    "armed": "M2 12s4-7 10-7 10 7 10 7-4 7-10 7-10-7-10-7zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
    "calling": "M5 4h4l2 5-2.5 1.5a11 11 0 0 0 5 5L15 13l5 2v4a2 2 0 0 1-2 2"
    "A16 16 0 0 1 3 6a2 2 0 0 1 2-2z",
    "alarm": "M12 3l10 18H2zM12 10v5M12 18v.5",
    "out": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM7 12h10",
    "pin": "M5 4h4v4H5zM15 4h4v4h-4zM5 14h4v4H5zM15 14h4v4h-4z",
    "erasing": "M4 7h16M9 7V4h6v3M6 7l1 14h10l1-14M10 11v6M14 11v6",
    "consent": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9.5 9a2.5 2.5 0 1 1 3.5 2.3"
    "c-.7.4-1 .9-1 1.7M12 17v.5",
}
_PICTURE = {
    State.DONE: "granted",
    State.ANSWERED: "calling",
    State.ENROL: "armed",
}


def page(view: View, place: str, *, english_first: bool) -> str:
    """Return a whole page; it renews itself with or without scripts."""
    lang = "en" if english_first else "zh-CN"
    own = "en" if english_first else "zh"
    wait_s = 2 if view.state is State.IDLE else 1
    return f"""<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(_first(view.head, english_first=english_first))}</title>
<link rel="stylesheet" href="/static/screen.css">
<noscript><meta http-equiv="refresh" content="{wait_s}"></noscript>
<script src="/static/screen.js" defer></script>
</head>
<body>
<main id="screen" data-stream="/{escape(place)}/stream?lang={own}" aria-live="assertive">
{fragment(view, place, english_first=english_first)}
</main>
</body>
</html>
"""


def fragment(view: View, place: str, *, english_first: bool) -> str:
    """Return the inside of the screen."""
    parts = [f'<section class="say {view.state.value}">', _picture(view)]
    parts.append(_two("h1", "head", view.head, english_first=english_first))
    parts.append(_two("p", "detail", view.detail, english_first=english_first))
    parts.append(_two("p", "step", view.step, english_first=english_first))
    parts.append("</section>")
    if view.state is State.CONSENT:
        parts.append(_question(place, english_first=english_first))
    elif view.state in {State.IDLE, State.REFUSED, State.OUT, State.CALLING, State.DONE}:
        parts.append(_tiles(view, english_first=english_first))
    parts.append(_touches(view, place, english_first=english_first))
    parts.append(_two("p", "age", view.age, english_first=english_first))
    return "\n".join(part for part in parts if part)


def _first(text: Text, *, english_first: bool) -> str:
    return text[1] if english_first else text[0]


def _two(tag: str, name: str, text: Text, *, english_first: bool) -> str:
    """Write both languages, the chosen one large."""
    if not text[0]:
        return ""
    zh, en = (
        f'<span lang="zh-CN">{escape(text[0])}</span>',
        f'<span lang="en">{escape(text[1])}</span>',
    )
    first, second = (en, zh) if english_first else (zh, en)
    return f'<{tag} class="{name}">{first} <small>{second}</small></{tag}>'


def _icon(name: str) -> str:
    return (
        f'<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="{ICONS[name]}"/></svg>'
    )


def _picture(view: View) -> str:
    if view.code:
        return _code(view.code)
    if view.seconds is not None:
        return f'<p class="count" role="timer">{view.seconds}</p>'
    if view.state is State.IDLE:
        return ""
    return _icon(_PICTURE.get(view.state, view.state.value))


def _code(text: str) -> str:
    """Draw a QR code to photograph: black on white, 4 modules of quiet zone."""
    import segno

    code = segno.make(text, error="l", boost_error=False, micro=False)
    size = code.symbol_size(border=4)[0]
    rows = [
        f"M{at + 4} {line + 4}h1v1h-1z"
        for line, row in enumerate(code.matrix)
        for at, dark in enumerate(row)
        if dark
    ]
    return (
        f'<svg class="witness-code" viewBox="0 0 {size} {size}" role="img" aria-label="QR">'
        f'<path d="M0 0h{size}v{size}h-{size}z" fill="#fff"/>'
        f'<path d="{"".join(rows)}" fill="#000"/></svg>'
    )


def _tiles(view: View, *, english_first: bool) -> str:
    if not view.ways:
        return ""
    rows = []
    for way, status in view.ways.items():
        name = TILES["fob_pin" if way == "fob" and view.has_pin else way]
        works = "works" if status == "ready" else "off"
        rows.append(
            f'<li class="tile {works}">{_icon(way)}'
            + _two("strong", "name", name, english_first=english_first)
            + _two("span", "hint", hint_of(way, status), english_first=english_first)
            + "</li>"
        )
    label = _first(LABELS["ways"], english_first=english_first)
    return f'<ul class="tiles" aria-label="{escape(label)}">{"".join(rows)}</ul>'


def _question(place: str, *, english_first: bool) -> str:
    """Draw yes and no in the same size; yes is the button of the gate itself (promise 2)."""
    yes = _two("strong", "name", LABELS["yes"], english_first=english_first)
    yes += _two("span", "hint", LABELS["yes_how"], english_first=english_first)
    no = _two("strong", "name", LABELS["no"], english_first=english_first)
    no += _two("span", "hint", LABELS["no_how"], english_first=english_first)
    return (
        f'<div class="answers"><div class="answer">{yes}</div>'
        f'<form method="post" action="/{escape(place)}/no"><button class="answer">{no}</button>'
        "</form></div>"
    )


def _touches(view: View, place: str, *, english_first: bool) -> str:
    """Draw what a finger can do here; the last one changes the language."""
    parts = []
    if view.can_cancel and view.state is not State.CONSENT:
        parts.append(_touch(place, "no", LABELS["cancel"], english_first=english_first))
    if view.can_call:
        parts.append(_touch(place, "call", LABELS["call"], english_first=english_first))
    other, word = ("zh", "中文") if english_first else ("en", "English")
    link = f'<a class="touch other" href="/{escape(place)}?lang={other}" lang="{other}">{word}</a>'
    return f'<div class="touches">{"".join(parts)}{link}</div>'


def _touch(place: str, verb: str, label: Text, *, english_first: bool) -> str:
    words = _two("span", "word", label, english_first=english_first)
    action = f"/{escape(place)}/{verb}"
    return f'<form method="post" action="{action}"><button class="touch">{words}</button></form>'
