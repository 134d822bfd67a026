"""Get the published files of a model, from a folder or from its publisher, and check their hashes.

Nothing that comes back from here is unchecked: a file with another hash is refused and nothing of
it is kept, wherever it came from.
"""

import hashlib
import hmac
import urllib.error
import urllib.request
from pathlib import Path
from typing import Protocol

from edge.workers.face.manifest import ModelSource

__all__ = ["FolderSource", "ModelFileError", "PublisherSource", "SourceOfFiles", "checked"]

_TIMEOUT_S = 30.0


class ModelFileError(Exception):
    """Refuse or miss one file; ``problem`` and ``cure`` are zh-CN and English."""

    def __init__(self, file: str, problem: str, cure: str) -> None:
        super().__init__(f"{file}: {problem}; {cure}")
        self.file = file
        self.problem = problem
        self.cure = cure


class SourceOfFiles(Protocol):
    """Give the bytes of published files."""

    def read(self, source: ModelSource) -> bytes:
        """Return the file, its hash checked; raises ``ModelFileError``."""


class FolderSource:
    """Take files by name from a folder and the folders in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, source: ModelSource) -> bytes:
        """Return the file of that name with the right hash."""
        problem: ModelFileError | None = None
        for path in sorted(self._folder.rglob(source.file)):
            try:
                if path.stat().st_size == source.size_bytes:
                    return checked(path.read_bytes(), source)
                problem = _wrong(source.file)
            except OSError:
                problem = _missing(source.file)
            except ModelFileError as error:
                problem = error
        raise problem or _missing(source.file)


class PublisherSource:
    """Take files from the addresses in their manifest, over HTTPS only."""

    def read(self, source: ModelSource) -> bytes:
        """Return the file from the first address that has it."""
        problem = _missing(source.file)
        for address in source.addresses:
            try:
                return checked(_fetch(address, source.size_bytes), source)
            except (OSError, urllib.error.URLError, ValueError):
                continue
            except ModelFileError as error:
                problem = error
        raise problem


def checked(content: bytes, source: ModelSource) -> bytes:
    """Return ``content`` if it is the file that ``source`` names; raises ``ModelFileError``."""
    if not hmac.compare_digest(hashlib.sha256(content).hexdigest(), source.sha256):
        raise _wrong(source.file)
    return content


def _fetch(address: str, size_bytes: int) -> bytes:
    if not address.startswith("https://"):
        raise ValueError("only HTTPS")
    with urllib.request.urlopen(address, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - HTTPS only
        content: bytes = answer.read(size_bytes + 1)
    return content


def _missing(file: str) -> ModelFileError:
    return ModelFileError(
        file,
        "没有找到 / not found",
        "请用 --from 指定存放文件的文件夹 / name a folder that has it with --from",
    )


def _wrong(file: str) -> ModelFileError:
    return ModelFileError(
        file,
        "文件与清单不符，未安装 / not the file of the manifest, not installed",
        "请从发布者重新获取 / get it from its publisher again",
    )
