"""The page that lists the cases from the field names tests that exist, and gives a reason else."""

import ast
import re

import pytest

from tests.support.repository import ROOT

PAGE = ROOT / "docs" / "reference" / "acceptance.md"
ROWS = re.findall(r"^\| ([A-K]\d\d) \| (.+) \|$", PAGE.read_text("utf-8"), re.MULTILINE)


def test_every_group_of_cases_is_listed_once() -> None:
    cases = [case for case, _ in ROWS]
    assert len(cases) == len(set(cases))
    assert {case[0] for case in cases} == set("ABCDEFGHIJK")


@pytest.mark.parametrize(("case", "held_by"), ROWS)
def test_a_case_names_tests_that_exist_or_a_reason(case: str, held_by: str) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", held_by)
    if not named:
        assert held_by.startswith("— ")
        assert len(held_by) > len("— not yet"), "a reason is a sentence"
    for file, function in named:
        tree = ast.parse((ROOT / file).read_text("utf-8"))
        names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert function in names
        assert case in function
