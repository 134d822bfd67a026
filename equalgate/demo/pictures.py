"""Draw passes as a person would show them: on paper with a margin, or on a phone's screen."""

from pathlib import Path

import segno

__all__ = ["draw_pass"]

_QUIET_MODULES = 4


def draw_pass(text: str, file: Path, *, scale: int = 8) -> Path:
    """Write `text` as a QR code (error correction M, four modules of quiet zone) to a PNG file."""
    code = segno.make(text, error="m", boost_error=False, micro=False)
    code.save(str(file), scale=scale, border=_QUIET_MODULES)
    return file
