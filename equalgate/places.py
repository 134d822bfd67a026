"""Say where a checkout keeps what the demo makes and where real inputs lie."""

import os
from pathlib import Path

__all__ = ["assets_folder", "made_folder", "repository_root"]

ASSETS_VARIABLE = "EQUALGATE_ASSETS"


def repository_root() -> Path:
    """Return the folder of the checkout (or of the installation) that this code runs from."""
    return Path(__file__).resolve().parent.parent


def made_folder() -> Path:
    """Return the git-ignored folder for everything that a demo makes.

    It is private (0700); who writes there creates it.
    """
    return repository_root() / ".equalgate"


def assets_folder() -> Path:
    """Return the folder with `models`, `faces` and `qr`; it may be absent.

    The variable EQUALGATE_ASSETS names it; otherwise it is `shared` beside the checkout.
    """
    named = os.environ.get(ASSETS_VARIABLE)
    return Path(named) if named else repository_root().parent / "shared"
