"""Walk the files of this checkout that git would commit."""

import subprocess
from pathlib import Path

__all__ = ["ROOT", "committed_files", "text_files"]

ROOT = Path(__file__).resolve().parents[2]
BINARY_SUFFIXES = frozenset({".png", ".jpg", ".ico", ".woff2", ".pdf", ".zip", ".gz", ".bin"})


def committed_files(*patterns: str) -> list[Path]:
    """Return tracked files, and new ones that git does not ignore, that match any pattern."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return sorted(ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file())


def text_files(*patterns: str) -> list[tuple[str, str]]:
    """Return (path relative to the root, text) of every committed text file."""
    return [
        (path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
        for path in committed_files(*patterns)
        if path.suffix not in BINARY_SUFFIXES
    ]
