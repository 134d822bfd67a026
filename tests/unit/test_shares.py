import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.refusal import Refusal
from controller.domain.shares import Shares, join, split

KID = b"keyid---"
SECRET = bytes(range(32))
PAD = bytes(reversed(range(100, 132)))


def pair() -> Shares:
    return split(SECRET, PAD, KID)


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_two_shares_in_any_order_and_spelling_give_the_secret(secret: bytes, pad: bytes) -> None:
    shares = split(secret, pad, KID)
    assert join(shares.committee, shares.street_office) == (KID, secret)
    assert join(f" {shares.street_office.lower()}\n", shares.committee.replace("-", " ")) == (
        KID,
        secret,
    )


def test_one_share_alone_is_the_pad_or_as_random_as_the_pad() -> None:
    other = split(bytes(32), PAD, KID)
    assert pair().committee == other.committee
    assert "…" in repr(pair())


@pytest.mark.parametrize("at", [3, 5, 8, 20, 60, -1])
def test_a_mistyped_share_is_named(at: int) -> None:
    shares = pair()
    line = shares.committee
    wrong = line[:at] + ("A" if line[at] != "A" else "B") + (line[at + 1 :] if at != -1 else "")
    found = join(wrong, shares.street_office)
    assert isinstance(found, Refusal)
    assert found.detail in {"share: mistyped", "shares: not a pair"}


def test_shares_that_do_not_belong_together_are_refused() -> None:
    first, second = pair(), split(SECRET, PAD, b"another-")
    for left, right in (
        (first.committee, first.committee),
        (first.committee, second.street_office),
        ("", first.street_office),
    ):
        assert isinstance(join(left, right), Refusal)
