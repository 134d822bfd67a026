"""Turn the card formats of `gate.toml` into those of the domain (A11)."""

from edge.config.tables import CardFormatConfig, GateConfig, ReaderConfig
from edge.domain.card_formats import (
    DEFAULT_FORMATS,
    CardField,
    CardFormat,
    ParityCheck,
    raw_format,
)

__all__ = ["card_format", "formats_of"]


def card_format(row: CardFormatConfig) -> CardFormat:
    """Return the format that a table describes; `problems()` says whether it can be used."""
    return CardFormat(
        row.name,
        row.length,
        tuple(CardField(field.name, field.start, field.length) for field in row.fields),
        tuple(ParityCheck(check.position, check.covers, check.odd) for check in row.parities),
    )


def formats_of(config: GateConfig, reader: ReaderConfig | None = None) -> tuple[CardFormat, ...]:
    """Return the formats that a reader accepts; the site's own ones are asked first.

    A format with parity is asked before bare numbers of the same length.
    """
    own = tuple(card_format(row) for row in config.card_formats)
    bare = () if reader is None else tuple(raw_format(bits) for bits in reader.raw_bits)
    return (*own, *DEFAULT_FORMATS, *bare)
