"""Documentation that cannot drift: links, commands, decisions."""

import re
from pathlib import Path

import pytest

from equalgate.cli import app
from tests.support.repository import ROOT, committed_files

PAGES = committed_files("*.md")
DECISIONS = [
    page
    for page in committed_files("docs/adr/*.md")
    if re.match(r"\d{4}-", page.name) and not page.name.startswith("0000")
]
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
FENCED_GATE = re.compile(r"\./gate (\w+)")


def gate_commands() -> set[str]:
    script = (ROOT / "gate").read_text()
    return set(re.findall(r"^([a-z]+)(?: \| --help \| -h)?\)$", script, re.MULTILINE))


def equalgate_commands() -> list[str]:
    groups = [(group.name, group.typer_instance) for group in app.registered_groups]
    alone = [
        command.name or str(command.callback.__name__)
        for command in app.registered_commands
        if command.callback
    ]
    return alone + [
        f"{name} {command.name}"
        for name, group in groups
        if group is not None
        for command in group.registered_commands
    ]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), target


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        waiting += [
            (page.parent / target).resolve()
            for target in LINK.findall(page.read_text())
            if "://" not in target
        ]
    docs = {page for page in PAGES if page.is_relative_to(ROOT / "docs")}
    assert {name_of(page) for page in docs - reached} == set()


def test_every_gate_command_on_a_page_exists() -> None:
    known = gate_commands()
    assert {"demo", "test", "check", "bench", "doctor", "exec", "help"} == known
    for page in PAGES:
        assert set(FENCED_GATE.findall(page.read_text())) <= known, name_of(page)


def test_the_reference_names_every_command() -> None:
    reference = (ROOT / "docs" / "reference" / "commands.md").read_text()
    for command in gate_commands():
        assert f"`./gate {command}" in reference
    for command in equalgate_commands():
        assert f"`equalgate {command}`" in reference


def test_the_readme_shows_the_two_commands_first() -> None:
    readme = (ROOT / "README.md").read_text()
    assert FENCED_GATE.findall(readme)[:2] == ["demo", "test"]


@pytest.mark.parametrize("page", DECISIONS, ids=name_of)
def test_a_decision_has_the_shape_of_the_template(page: Path) -> None:
    headings = re.compile(r"^## .+$", re.MULTILINE)
    template = (ROOT / "docs" / "adr" / "0000-template.md").read_text()
    text = page.read_text()
    assert headings.findall(text) == headings.findall(template)
    assert text.startswith(f"# {page.name[:4]} ")
    assert re.search(r"^Status: \w+.* · Date: \d{4}-\d{2}-\d{2}$", text, re.MULTILINE)


def test_decisions_are_numbered_without_gap_and_listed() -> None:
    listed = (ROOT / "docs" / "adr" / "README.md").read_text()
    assert [page.name[:4] for page in DECISIONS] == [
        f"{number:04}" for number in range(1, len(DECISIONS) + 1)
    ]
    assert all(f"]({page.name})" in listed for page in DECISIONS)


def test_every_contract_named_in_a_decision_exists() -> None:
    contracts = set(re.findall(r"contract:([\w-]+)\]", (ROOT / ".importlinter").read_text()))
    for page in DECISIONS:
        named = re.search(
            r"Held by\s+the contracts (.+?) in `\.importlinter`", page.read_text(), re.DOTALL
        )
        if named:
            assert set(re.findall(r"`([\w-]+)`", named[1])) <= contracts
