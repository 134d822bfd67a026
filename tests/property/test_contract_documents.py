"""Documents converge under any order and repetition, and never go back."""

import hypothesis.strategies as st
from hypothesis import given, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from equalgate import contract_samples as sample
from mqtt.contract.documents import Held, chunks_of
from mqtt.contract.topics import DocumentName
from mqtt.contract.trusted import TrustedDocuments
from tests.support.documents import Publisher, gate_with, revocations

NAME = DocumentName.REVOCATIONS
NUMBERS = st.sets(st.integers(1, 40), max_size=12)


@given(NUMBERS, NUMBERS)
def test_a_delta_leads_to_the_same_document_as_a_full_copy(old: set[int], new: set[int]) -> None:
    publisher = Publisher(NAME)
    first, second = publisher.publish(revocations(*old)), publisher.publish(revocations(*new))
    for base in (1, 0):
        gate = gate_with()
        gate.hear_header(NAME, first, sample.NOW_MS)
        gate.hear_chunk(NAME, publisher.chunks(1)[0], sample.NOW_MS)
        gate.hear_header(NAME, second, sample.NOW_MS)
        for chunk in publisher.chunks(2, base):
            gate.hear_chunk(NAME, chunk, sample.NOW_MS)
        assert gate.held(NAME) == publisher.versions[2]


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_25_chunks_in_any_order_and_number_converge(data: st.DataObject) -> None:
    publisher, gate = Publisher(NAME), gate_with()
    header = publisher.publish(revocations(*range(1, 2_501)))
    chunks = publisher.chunks(1)
    gate.hear_header(NAME, header, sample.NOW_MS)
    repeated = data.draw(st.lists(st.sampled_from(chunks), max_size=6))
    for chunk in data.draw(st.permutations([*chunks, *repeated])):
        progress = gate.hear_chunk(NAME, chunk, sample.NOW_MS)
        assert progress.refused is None
        assert progress.asks == ()
    assert gate.held(NAME) == publisher.versions[1]


class Convergence(RuleBasedStateMachine):
    """A hostile broker delivers recorded messages in any order; honest answers get through."""

    @initialize()
    def begin(self) -> None:
        self.publisher = Publisher(NAME)
        self.gate: TrustedDocuments = gate_with()
        self.headers: list[bytes] = []
        self.highest = 0

    @rule(numbers=NUMBERS)
    def publish(self, numbers: set[int]) -> None:
        self.headers.append(self.publisher.publish(revocations(*numbers)))

    @rule(data=st.data())
    def replay_a_header(self, data: st.DataObject) -> None:
        if self.headers:
            header = data.draw(st.sampled_from(self.headers))
            self.gate.hear_header(NAME, header, sample.NOW_MS)

    @rule(data=st.data())
    def replay_a_chunk(self, data: st.DataObject) -> None:
        if self.headers:
            version = data.draw(st.integers(1, self.publisher.newest))
            base = data.draw(st.integers(0, version - 1))
            for chunk in self.publisher.chunks(version, base):
                self.gate.hear_chunk(NAME, chunk, sample.NOW_MS)

    @rule(numbers=NUMBERS, version=st.integers(1, 12), base=st.integers(0, 12))
    def plant_a_chunk(self, numbers: set[int], version: int, base: int) -> None:
        for chunk in chunks_of(NAME, version, base, revocations(*numbers), ()):
            self.gate.hear_chunk(NAME, chunk, sample.NOW_MS)

    @rule()
    def restart(self) -> None:
        held = self.gate.held(NAME)
        self.gate = gate_with()
        if held.version:
            assert self.gate.restore({NAME: held}) == frozenset()

    @rule()
    def hear_the_newest_honestly(self) -> None:
        if not self.headers:
            return
        self.gate.hear_header(NAME, self.headers[-1], sample.NOW_MS)
        for _ in range(3):
            for ask in self.gate.asks():
                for chunk in self.publisher.answer(ask):
                    self.gate.hear_chunk(NAME, chunk, sample.NOW_MS)
        assert self.gate.held(NAME) == self.publisher.versions[self.publisher.newest]

    @invariant()
    def what_is_held_was_published_and_never_goes_back(self) -> None:
        if not hasattr(self, "publisher"):
            return
        held = self.gate.held(NAME)
        assert held == self.publisher.versions[held.version]
        assert held.version >= self.highest
        self.highest = held.version


Convergence.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestConvergence = Convergence.TestCase


@given(NUMBERS, NUMBERS)
def test_a_record_changed_on_disk_is_noticed(numbers: set[int], planted: set[int]) -> None:
    publisher = Publisher(NAME)
    publisher.publish(revocations(*numbers))
    stored = Held(1, publisher.versions[1].digest, revocations(*planted))
    damaged = gate_with().restore({NAME: stored})
    assert damaged == (frozenset() if planted == numbers else {NAME})
