"""Write the verifiers that need nothing of ours: `verify_evidence.py` and `verify.html`.

    python -m equalgate.verifying.single write | check

The Python file holds the very sources of this package, each under its name, and loads them from
there: whoever reads it reads what runs. It needs Python 3.11 and `cryptography`. The page holds an
implementation of its own (`page/*.js`) with vendored cryptography; it runs from a disk in any
browser of the last years, without network.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from equalgate.places import repository_root

__all__ = ["MODULES", "files", "main", "single_file", "target"]

MODULES = (
    "mqtt.contract.bundle",
    "mqtt.contract.parity",
    "mqtt.contract.containment_proof",
    "equalgate.verifying.base",
    "equalgate.verifying.cbor",
    "equalgate.verifying.signed",
    "equalgate.verifying.frames",
    "equalgate.verifying.zipped",
    "equalgate.verifying.log",
    "equalgate.verifying.documents",
    "equalgate.verifying.checks",
    "equalgate.verifying.control",
    "equalgate.verifying.program",
)
_ENGINE = ("read", "check", "prove", "witness")
_HEAD = '''\
"""Check an EqualGate evidence bundle offline / 离线核对证据包.

    python3 verify_evidence.py BUNDLE.zip [--key FINGERPRINT] [--json]

Answers INTACT (exit 0), ALTERED or INCOMPLETE (exit 1); 2 for bad use. Needs Python 3.11 or later
and the package `cryptography`, nothing else and no network. Generated; the parts below are the
modules of the product as they are, under their names.
"""

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec

_SOURCES = {}
'''
_TAIL = '''

class _Parts(MetaPathFinder, Loader):
    """Give the parts of this file as the modules that they were."""

    def find_spec(self, name, path, target=None):
        packages = {each.rpartition(".")[0] for each in _SOURCES}
        packages |= {each.rpartition(".")[0] for each in packages}
        if name in _SOURCES or name in packages:
            return ModuleSpec(name, self, is_package=name in packages)
        return None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(compile(_SOURCES.get(module.__name__, ""), module.__name__, "exec"), module.__dict__)


if __name__ == "__main__":
    sys.meta_path.insert(0, _Parts())
    from equalgate.verifying.program import main

    sys.exit(main())
'''


def single_file() -> str:
    """Return the text of the single file. Raises ValueError for a source that cannot be quoted."""
    parts = [_HEAD]
    for name in MODULES:
        source = repository_root().joinpath(*name.split(".")).with_suffix(".py").read_text("utf-8")
        if "'''" in source or source.endswith("\\"):
            raise ValueError(f"{name} cannot be quoted")
        parts.append(f"\n_SOURCES[\"{name}\"] = r'''{source}'''\n")
    return "".join([*parts, _TAIL])


def page() -> str:
    """Return the text of the page with everything in it."""
    root = repository_root()
    parts = root / "equalgate/verifying/page"
    crypto = root / "controller/web/static/vendor/noble/noble.js"
    scripts = [
        crypto,
        parts / "read.js",
        parts / "check.js",
        parts / "prove.js",
        parts / "witness.js",
    ]
    engine = "\n".join(script.read_text("utf-8") for script in scripts)
    whole = (parts / "page.html").read_text("utf-8")
    shown = (parts / "show.js").read_text("utf-8")
    if "</script" in engine + shown:
        raise ValueError("a script would end the page")
    return whole.replace("{engine}", engine).replace("{show}", shown)


def target(name: str = "verify_evidence.py") -> Path:
    """Return where a verifier lies: the controller offers it to everybody."""
    return repository_root() / "controller/web/static/verify" / name


def files() -> dict[Path, str]:
    """Return every verifier's place with the text that belongs there."""
    return {target(): single_file(), target("verify.html"): page()}


def main(arguments: Sequence[str]) -> int:
    """Write the files, or tell with exit status 1 that one there is stale."""
    if list(arguments) == ["write"]:
        target().parent.mkdir(exist_ok=True)
        for path, text in files().items():
            path.write_text(text, "utf-8")
        return 0
    if list(arguments) == ["check"]:
        return int(any(path.read_text("utf-8") != text for path, text in files().items()))
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
