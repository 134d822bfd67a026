"""Rules about the shape of the repository that a reader can rely on."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from mqtt.contract.versions import SOFTWARE
from tests.support.repository import ROOT, committed_files, text_files

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40
PRODUCT = ("edge", "mqtt", "controller", "equalgate")
THIS_FILE = Path(__file__).relative_to(ROOT).as_posix()

# Generated from the product's own modules so that an inspector needs a single file.
GENERATED = re.compile(r"/static/verify/|/static/vendor/")

# Ways in are peers; and the field has better words than the others.
FORBIDDEN_WORDS = re.compile(
    r"\b(fall-?backs?|(?:backup|alternative) (?:way|method|credential)s?|white-?lists?|"
    r"black-?lists?|masters?|slaves?)\b",
    re.IGNORECASE,
)
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b|NotImplementedError|unittest\.mock|\bxfail\(")
BARE_IGNORE = re.compile(r"# type: ignore(?!\[[a-z-]+\]  # \S)")
PACKAGE_HOSTS = re.compile(
    r"pypi\.org|pythonhosted|npmjs|jsdelivr|unpkg|deb\.debian|archive\.ubuntu|mirrors?\.[a-z]+\.",
    re.IGNORECASE,
)
MACHINE_PATHS = re.compile(r"(?<![\w.])/(work|root|home/\w+)/\w")
# The socket of NVIDIA's camera service has its place there.
TEMPORARY_PATHS = re.compile(r"(?<![\w.])/(var/)?tmp/(?!argus_socket\b)\w")


def product_python() -> list[tuple[str, str]]:
    found = text_files(*(f"{package}/*.py" for package in PRODUCT))
    return [(name, text) for name, text in found if not GENERATED.search(name)]


def places(pattern: re.Pattern[str], files: list[tuple[str, str]]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()}"
        for name, text in files
        if name != THIS_FILE
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def test_no_file_is_longer_than_the_cap() -> None:
    files = [*product_python(), *text_files("tests/*.py", "gate")]
    assert not [name for name, text in files if len(text.splitlines()) > MAX_FILE_LINES]


def test_no_product_function_is_longer_than_the_cap() -> None:
    long = [
        f"{name}:{node.lineno} {node.name}"
        for name, text in product_python()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno + 1 > MAX_FUNCTION_LINES
    ]
    assert not long


def test_every_package_and_test_folder_has_an_init() -> None:
    sources = [path for path in committed_files("*.py") if "static" not in path.parts]
    folders = {path.parent for path in sources if "migrations" not in path.parts}
    without = {folder for folder in folders if not (folder / "__init__.py").exists()}
    assert not {folder.relative_to(ROOT).as_posix() for folder in without} - {"."}


def test_every_module_with_public_names_lists_them() -> None:
    missing = []
    for name, text in product_python():
        if name.endswith(("__init__.py", "__main__.py")) or "/migrations/" in name:
            continue
        tree = ast.parse(text)
        public = [
            node.name
            for node in tree.body
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and not node.name.startswith("_")
        ]
        if public and "__all__" not in text:
            missing.append(name)
    assert not missing


def test_the_design_words_are_kept() -> None:
    files = text_files(*PRODUCT, "firmware-config", "docker", "docs", "README.md", "gate", "tests")
    assert not places(FORBIDDEN_WORDS, files)


def test_nothing_is_left_unfinished() -> None:
    assert not places(UNFINISHED, text_files(*PRODUCT, "tests"))


def test_every_type_ignore_has_a_code_and_a_reason() -> None:
    assert not places(BARE_IGNORE, text_files("*.py"))


def test_no_package_host_is_named() -> None:
    assert not places(PACKAGE_HOSTS, text_files())


def test_no_path_of_a_developer_machine_is_named() -> None:
    assert not places(MACHINE_PATHS, text_files())
    assert not places(TEMPORARY_PATHS, text_files(*PRODUCT, "firmware-config", "docker", "gate"))


@pytest.mark.parametrize(
    "folder", ["edge/__init__.py", "edge/worker_wire/*.py", "edge/workers/*.py"]
)
def test_worker_sources_compile_for_python_3_10(folder: str) -> None:
    for name, text in text_files(folder):
        ast.parse(text, filename=name, feature_version=(3, 10))
        assert not re.search(r"\b(tomllib|StrEnum|TaskGroup|ExceptionGroup)\b", text), name


def pins(name: str) -> set[str]:
    lines = (ROOT / "requirements" / name).read_text().splitlines()
    return {line.rstrip(" \\") for line in lines if "==" in line}


def test_the_run_pins_are_part_of_the_development_pins() -> None:
    assert len(pins("run.txt")) > 40
    assert pins("run.txt") <= pins("dev.txt")


def test_every_pin_has_a_hash_and_no_address() -> None:
    for path in committed_files("requirements/*.txt"):
        blocks = re.split(r"\n(?=\S)", path.read_text().strip())
        assert all("--hash=sha256:" in block for block in blocks), path.name
        assert "://" not in path.read_text()


def test_births_name_the_version_of_the_distribution() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert f"{project['name']} {project['version']}" == SOFTWARE
