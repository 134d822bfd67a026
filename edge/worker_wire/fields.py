"""Name the kinds of values that a message may hold, each with the pattern that it must match."""

import re
from typing import Annotated, TypeAlias

__all__ = ["MAX_TEXT_CHARS", "Digest", "FilePath", "Lane", "Name", "Person", "QrText"]

MAX_TEXT_CHARS = 600

Lane: TypeAlias = Annotated[str, re.compile(r"[a-z0-9-]{4,40}")]
Name: TypeAlias = Annotated[str, re.compile(r"[a-z0-9_.+-]{1,40}")]
Person: TypeAlias = Annotated[str, re.compile(r"[A-Za-z0-9_-]{1,40}")]
QrText: TypeAlias = Annotated[str, re.compile(rf"[^\ud800-\udfff]{{0,{MAX_TEXT_CHARS}}}")]
FilePath: TypeAlias = Annotated[str, re.compile(r"[^\0\ud800-\udfff]{1,1024}")]
Digest: TypeAlias = Annotated[str, re.compile(r"[0-9a-f]{64}")]
