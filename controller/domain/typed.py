"""Clean what people type before it is kept: no control or direction characters, no NUL.

What is left is shown as it was typed; templates escape it.
"""

__all__ = ["typed_line", "typed_text"]

_LINE_BREAKS = "\n\t"


def typed_line(text: str) -> str:
    """Return one line: printable characters only, without space around."""
    return "".join(each for each in text if each.isprintable()).strip()


def typed_text(text: str) -> str:
    """Return text of several lines: printable characters and line breaks only."""
    plain = text.replace("\r\n", "\n")
    return "".join(each for each in plain if each.isprintable() or each in _LINE_BREAKS).strip()
