"""The shipped bundles: one is intact; every lie is found, even where the controller signed it."""

import io

import pytest

from equalgate.verifying.program import verify_bundle
from tests.support.evidence_vectors import vectors

VECTORS = vectors()


@pytest.mark.parametrize("name", VECTORS)
def test_every_verifier_answers_alike(name: str) -> None:
    data, expected = VECTORS[name]
    found = verify_bundle(io.BytesIO(data))
    assert found.verdict.value == expected, found.altered + found.incomplete
    assert (found.altered + found.incomplete == []) == (expected == "INTACT")
