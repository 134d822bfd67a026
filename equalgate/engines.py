"""Find the models for ``equalgate edge engine``; the verbs themselves are the face worker's."""

from collections.abc import Sequence

from equalgate.entry import MissingPartError
from equalgate.models import find_models
from equalgate.places import made_folder

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Run one verb with its options; without folders those of this checkout are meant."""
    try:
        from edge.workers.face.trt.__main__ import main as run
    except ModuleNotFoundError as error:
        raise MissingPartError(error.name or "onnxruntime") from error
    given = list(arguments)
    for option, place in (("--models", find_models()), ("--engines", made_folder() / "engines")):
        if not any(one == option or one.startswith(f"{option}=") for one in arguments):
            given += [option, str(place)]
    return run(given)
