from hypothesis import given
from hypothesis import strategies as st

from edge.workers.qr.serial_engine import SerialFramer

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


@given(st.lists(st.binary(max_size=80), max_size=20))
def test_no_bytes_break_the_framer(chunks: list[bytes]) -> None:
    framer = SerialFramer()
    for index, chunk in enumerate(chunks):
        for item in framer.feed(chunk, float(index)):
            assert len(item.text) <= 600
            assert set(item.text) <= set(ALPHABET)
            assert bool(item.text) == (item.refusal is None)


@given(
    st.text(ALPHABET, min_size=1, max_size=596).map(lambda rest: "AC1:" + rest),
    st.lists(st.integers(1, 50), max_size=30),
)
def test_any_pass_in_any_pieces_arrives_once(text: str, sizes: list[int]) -> None:
    stream = b"\x02" + text.encode() + b"\x03"
    framer = SerialFramer()
    seen = []
    for size in sizes:
        piece, stream = stream[:size], stream[size:]
        seen += framer.feed(piece, 1.0)
    seen += framer.feed(stream, 1.0)
    assert [item.text for item in seen] == [text]
