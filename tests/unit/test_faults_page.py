"""The page of faults and attacks names tests that exist, and every case once."""

import re

from tests.support.repository import ROOT

PAGE = (ROOT / "docs" / "reference" / "faults.md").read_text("utf-8")


def test_all_80_cases_are_there_once() -> None:
    assert re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE) == [str(n) for n in range(1, 81)]


def test_every_test_that_is_named_exists() -> None:
    for file, function in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE):
        source = (ROOT / file).read_text("utf-8")
        assert not function or re.search(rf"def {function}\(", source), f"{file}::{function}"
