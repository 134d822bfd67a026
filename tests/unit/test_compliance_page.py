"""docs/compliance.yaml names every rule of the catalogue, tests that exist, and who has to look."""

import ast
from functools import cache

import pytest
import yaml

from mqtt.contract.rules import Looks, Rule, rules
from tests.support.repository import ROOT

PAGE = ROOT / "docs" / "compliance.yaml"


@cache
def linked() -> dict[str, dict[str, object]]:
    read: dict[str, dict[str, object]] = yaml.safe_load(PAGE.read_text("utf-8"))
    return read


@cache
def functions(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    found = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return frozenset(node.name for node in found)


def test_every_rule_stands_there_once_and_no_other() -> None:
    assert list(linked()) == [rule.id for rule in rules()]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.id)
def test_a_rule_is_held_by_tests_that_exist_or_names_who_looks(rule: Rule) -> None:
    entry = linked()[rule.id]
    tests = entry["tests"]
    assert isinstance(tests, list)
    for each in tests:
        file, _, name = each.partition("::")
        assert name in functions(file), each
    if rule.looks != (Looks.PERSON,):
        assert tests, "software can check it"
    assert ("who" in entry) == (Looks.PERSON in rule.looks)


def test_tests_of_compliance_carry_ids_that_exist() -> None:
    known = {rule.id.replace("-", "_") for rule in rules()}
    for path in (ROOT / "tests" / "compliance").glob("test_rules_*.py"):
        named = {name[5:10] for name in functions(path.relative_to(ROOT).as_posix())}
        ids = {name for name in named if name[:2].isupper()}
        assert ids <= known
