"""The words with which a person drives a simulated gate."""

import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.adapters.sim import requests as ask
from edge.adapters.sim import words
from edge.adapters.sim.words import HELP, WordsError, read_words
from tests.support.repository import ROOT


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("fob 12345678", ask.Fob(12345678)),
        ("fob 0x54F035/32 ap-2", ask.Fob(5566517, 32, "ap-2")),
        ("keys 1234#", ask.Keys("1234#")),
        ("door open", ask.Door(is_open=True)),
        ("door closed rear", ask.Door(is_open=False, portal="rear")),
        ("person on", ask.AutoDoor(is_on=True)),
        ("exit", ask.Exit()),
        ("exit on main", ask.Exit(is_pressed=True, portal="main")),
        ("exit main", ask.Exit(portal="main")),
        ("call", ask.Call()),
        ("fire on", ask.Fire(is_active=True)),
        ("fire-line cut", ask.FireFault(is_active=True)),
        ("tamper open", ask.Tamper(is_open=True)),
        ("power battery", ask.Battery(on_battery=True)),
        ("guard on 42/24 4711 ap-1", ask.Panel("sign_on", "ap-1", (42, 24), "4711")),
        ("guard release", ask.Panel("release")),
        ("guard reason 'a parcel'", ask.Panel("give_reason", reason="a parcel")),
        ("guard hold-open works 7 99", ask.Panel("hold_open", "", (7, 24), "99", "works")),
        ("cable out", ask.Cable(is_joined=False)),
        ("reader swapped", ask.Reader("swapped")),
        ("lines in", ask.Lines(are_there=True)),
        ("stuck on", ask.RelayStuck(is_stuck=True)),
        ("clock +90s", ask.ClockJump(90_000)),
        ("clock -2h", ask.ClockJump(-7_200_000)),
        ("clock +5ms", ask.ClockJump(5)),
        ("trust unknown", ask.ClockTrustSet(2)),
        ("worker kill", ask.WorkerKill()),
        ("power-cut", ask.PowerCut()),
        ("relays", ask.Relays()),
        ("shown ap-1", ask.ShownState("ap-1")),
        ("adapters", ask.Adapters()),
    ],
)
def test_words_mean_a_request(text: str, request_: ask.Request) -> None:
    assert read_words(text) == request_


def test_a_picture_is_named_from_where_the_person_stands() -> None:
    assert read_words("picture a.png") == ask.Picture(str(Path("a.png").resolve()))


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("open", "one of fob"),
        ("", "one of fob"),
        ("fob", "needs a fob number"),
        ("fob card", "no fob number"),
        ("door ajar", "one of open, closed"),
        ("fob 1 ap-1 ap-2", "too many words"),
        ("clock soon", "write +90s"),
        ("clock 90s", "write +90s"),
        ("keys '12", "No closing quotation"),
    ],
)
def test_words_that_mean_nothing_get_a_cure(text: str, cure: str) -> None:
    with pytest.raises(WordsError, match=re.escape(cure)):
        read_words(text or '""')


@given(st.text(max_size=40))
def test_any_text_is_a_request_or_refused(text: str) -> None:
    for given_text in (text, f"fob {text}", f"clock {text}", f"guard {text}"):
        try:
            read_words(given_text)
        except WordsError as error:
            assert str(error)  # noqa: PT017 - either outcome is right


def test_every_verb_stands_in_the_help() -> None:
    helped = set(re.findall(r"^([a-z-]+)|\| ([a-z]+)", HELP, re.MULTILINE))
    named = {word for pair in helped for word in pair if word}
    assert set(words._VERBS) <= named


def test_every_verb_of_the_socket_is_documented() -> None:
    page = (ROOT / "docs" / "reference" / "sim-socket.md").read_text()
    kinds = msgspec.inspect.type_info(ask.Request)
    assert isinstance(kinds, msgspec.inspect.UnionType)
    for kind in kinds.types:
        assert isinstance(kind, msgspec.inspect.StructType)
        assert f"`{kind.tag}`" in page
        assert all(f"`{field.name}`" in page for field in kind.fields), kind.tag
