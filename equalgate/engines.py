"""Find the models for ``equalgate edge engine``; the verbs themselves are the face worker's."""

from collections.abc import Sequence

from equalgate.entry import MissingPartError
from equalgate.models import find_models

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Run one verb with its options; without ``--models`` the installed models are meant."""
    try:
        from edge.workers.face.trt.__main__ import main as run
    except ModuleNotFoundError as error:
        raise MissingPartError(error.name or "onnxruntime") from error
    named = any(one == "--models" or one.startswith("--models=") for one in arguments)
    return run([*arguments, *(() if named else ("--models", str(find_models())))])
