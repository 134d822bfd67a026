"""Hold what all mapped tables share: metadata with a naming convention, and column types.

Instants are UTC integers in ms (`…_at_ms`, `…_from_ms`, `…_until_ms`); people and credentials are
8 random bytes. Every constraint has a name, so that a migration can address it on both databases.
"""

from typing import Annotated, Any

from sqlalchemy import BigInteger, LargeBinary, MetaData, String, Text, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, mapped_column

__all__ = ["Base", "Blob", "Count", "InstantMs", "Label", "Name", "Prose", "Pseudonym", "Words"]

_NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The root of all mapped classes."""

    metadata = MetaData(naming_convention=_NAMING)


class Words(TypeDecorator[tuple[str, ...]]):
    """Store a tuple of words without spaces as one text, in the order given."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Join the words. A word with white space is a programming error."""
        if value is None:
            return None
        joined = " ".join(value)
        if tuple(joined.split()) != value:
            raise RuntimeError("a word is empty or holds white space")
        return joined

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[str, ...] | None:  # noqa: ANN401, ARG002
        """Split what was stored."""
        return None if value is None else tuple(str(value).split())


Pseudonym = Annotated[bytes, mapped_column(LargeBinary(8))]
"""A holder, staff member or credential: 8 random bytes."""

Blob = Annotated[bytes, mapped_column(LargeBinary)]
Count = Annotated[int, mapped_column(BigInteger)]
"""A number that may pass 2^31: version, epoch, size."""

InstantMs = Annotated[int, mapped_column(BigInteger)]
Name = Annotated[str, mapped_column(String(40))]
"""A readable id: gate, access point, level, schedule."""

Label = Annotated[str, mapped_column(String(80))]
"""A short text for people; may be personal and then never leaves the controller."""

Prose = Annotated[str, mapped_column(Text)]
