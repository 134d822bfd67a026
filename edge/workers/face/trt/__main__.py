"""Build, list, verify and prune engines: ``python -m edge.workers.face.trt``.

On a gate `equalgate edge engine` runs this as the face worker's own user.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from edge.workers.face.trt.choose import EngineWish
from edge.workers.face.trt.commands import VERBS

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Run one verb; 0 done, 1 something failed or is missing, 2 bad use."""
    parser = argparse.ArgumentParser(prog="equalgate edge engine", description=__doc__)
    parser.add_argument("verb", choices=sorted(VERBS))
    parser.add_argument("--models", type=Path, required=True, help="the installed models")
    parser.add_argument("--engines", type=Path, help="built engines; default: beside the models")
    parser.add_argument("--precision", choices=("float16", "float32"), default="float16")
    parser.add_argument("--again", action="store_true", help="build also what is there")
    parser.add_argument("--json", action="store_true", help="print JSON lines")
    options = parser.parse_args(arguments)
    wish = EngineWish("tensorrt", options.precision, options.engines)
    return VERBS[options.verb](wish, options.models, again=options.again, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
