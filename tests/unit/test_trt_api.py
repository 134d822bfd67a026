"""Every name of TensorRT that we use is there in 10.3, 10.16, 11.4 and TensorRT-RTX.

The lists were read from the vendor's own bindings (2026-11-27); the wheels themselves are
proprietary and not ours to carry.
"""

import ast
import json
import types

import pytest

from edge.workers.face.engine import EngineError
from edge.workers.face.trt.api import NAMES, LogTail, TensorRt, construct, load_tensorrt
from tests.support.repository import ROOT

KNOWN: dict[str, dict[str, str]] = json.loads(
    (ROOT / "tests" / "support" / "tensorrt_names.json").read_text("utf-8")
)
USERS = ("api", "builder", "engine")


@pytest.mark.parametrize("version", sorted(KNOWN))
def test_every_name_that_we_use_is_there(version: str) -> None:
    held = {name: set(text.split()) for name, text in KNOWN[version].items()}
    missing = [
        f"{owner}.{name}"
        for owner, names in NAMES.items()
        for name in names
        if name not in held[owner] and name != "__version__"
    ]
    assert not missing
    assert all(owner in held[""] for owner in NAMES if owner)


def test_the_lists_are_of_the_versions_that_they_name() -> None:
    assert sorted(KNOWN) == ["10.16.1", "10.3.0", "11.4.0", "rtx 1.7.1"]
    # What went between them: a list that had it everywhere would be a copy of one version.
    assert "FP16" in KNOWN["10.3.0"]["BuilderFlag"].split()
    assert "FP16" not in KNOWN["11.4.0"]["BuilderFlag"].split()
    assert "EXPLICIT_BATCH" not in KNOWN["11.4.0"]["NetworkDefinitionCreationFlag"].split()


def test_no_name_is_used_that_is_not_listed() -> None:
    theirs = {name for lists in KNOWN.values() for text in lists.values() for name in text.split()}
    listed = {name for names in NAMES.values() for name in names} | set(NAMES)
    ours = {
        "name",
        "shape",
        "log",
        "nbytes",
        "int64",
        "uint8",
    }  # of NumPy and our own classes as well
    used = set()
    for user in USERS:
        path = ROOT / "edge" / "workers" / "face" / "trt" / f"{user}.py"
        tree = ast.parse(path.read_text("utf-8"))
        used |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert used & theirs - ours <= listed
    assert {"execute_async_v3", "STRONGLY_TYPED", "deserialize_cuda_engine"} <= used


def module_of(version: str | None) -> types.SimpleNamespace:
    found = types.SimpleNamespace()
    if version is not None:
        found.__version__ = version
    return found


def load_only(**modules: object) -> TensorRt:
    def load(name: str) -> object:
        if name not in modules:
            raise ImportError(name)
        if isinstance(modules[name], Exception):
            raise modules[name]  # type: ignore[misc]  # it is one
        return modules[name]

    return load_tensorrt(allow_rtx=True, load=load)


@pytest.mark.parametrize("version", ["10.3.0", "10.16.1.11", "11.4.0"])
def test_every_version_from_10_3_is_taken(version: str) -> None:
    found = load_only(tensorrt=module_of(version))
    assert (found.flavour, found.version, found.is_runtime) == ("tensorrt", version, True)


def test_tensorrt_comes_before_its_stand_in_which_is_no_runtime_for_gates() -> None:
    both = load_only(tensorrt=module_of("10.3.0"), tensorrt_rtx=module_of("1.7.1.116"))
    assert both.flavour == "tensorrt"
    assert not load_only(tensorrt_rtx=module_of("1.7.1.116")).is_runtime
    with pytest.raises(EngineError, match="no_tensorrt"):
        load_tensorrt(load=lambda _: module_of(None))


@pytest.mark.parametrize("version", ["8.6.0", "10.2.9", "9.3"])
def test_an_old_version_is_refused_by_name(version: str) -> None:
    with pytest.raises(EngineError, match=f"old_tensorrt: {version}"):
        load_only(tensorrt=module_of(version))


@pytest.mark.parametrize("error", [ImportError("x"), OSError("libnvinfer.so.10: cannot open")])
def test_a_module_without_its_libraries_is_absent(error: Exception) -> None:
    with pytest.raises(EngineError, match="no_tensorrt"):
        load_only(tensorrt=error)


def test_an_object_that_cannot_be_made_is_none() -> None:
    def nothing(*_: object) -> None:
        raise TypeError("pybind11::init(): factory function returned nullptr")

    assert construct(nothing, 1) is None
    assert construct(dict) == {}


def test_only_the_last_words_that_matter_are_kept() -> None:
    tail = LogTail()
    tail.add("VERBOSE", "much")
    for number in range(50):
        tail.add("ERROR", f"line {number}")
    assert tail.lines[0] == "error: line 30"
    assert tail.text().endswith("line 49")
