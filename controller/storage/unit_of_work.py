"""Give a service one transaction: everything in it happens, or nothing.

    with UnitOfWork(engine) as uow:
        uow.session.add(row)
        uow.commit()

Leaving without `commit` rolls back. Only errors of our tree come out; their texts hold no values
of rows.
"""

from types import TracebackType
from typing import Self, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from controller.storage.base import Base
from controller.storage.engine import WRITES
from mqtt.contract.errors import EqualGateError, RefusedError, StorageError
from mqtt.contract.reasons import ReasonCode

__all__ = ["UnitOfWork", "translate"]

Row = TypeVar("Row", bound=Base)


class UnitOfWork:
    """One transaction on one connection. `writes=False` for pages that only read."""

    def __init__(self, engine: Engine, *, writes: bool = True) -> None:
        self._engine = engine
        self._writes = writes
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        """Return the open session; outside a `with` block this is a programming error."""
        if self._session is None:
            raise RuntimeError("unit of work is not open")
        return self._session

    def __enter__(self) -> Self:
        bind = self._engine.execution_options(**{WRITES: self._writes})
        self._session = Session(bind, expire_on_commit=False, autoflush=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        session, self._session = self.session, None
        session.close()
        if isinstance(error, SQLAlchemyError):
            raise translate(error) from error

    def commit(self) -> None:
        """Make everything since the last commit durable.

        Raises StorageError, or RefusedError(`conflict`).
        """
        try:
            self.session.commit()
        except SQLAlchemyError as error:
            self.session.rollback()
            raise translate(error) from error

    def find(self, model: type[Row], key: object) -> Row | None:
        """Return the row with this primary key, or None."""
        return self.session.get(model, key)

    def need(self, model: type[Row], key: object) -> Row:
        """Return the row with this primary key. Raises RefusedError(`not_found`)."""
        row = self.session.get(model, key)
        if row is None:
            raise RefusedError(ReasonCode.NOT_FOUND, rule="exists", detail=model.__tablename__)
        return row


def translate(error: SQLAlchemyError) -> EqualGateError:
    """Return our error for a database error.

    Codes: `conflict`, `disk_full`, `database_locked`, `database_corrupt` or
    `database_unavailable`.
    """
    if isinstance(error, IntegrityError):
        return RefusedError(ReasonCode.CONFLICT, rule="consistency")
    said = str(error.orig).lower() if isinstance(error, DBAPIError) else ""
    if "disk is full" in said or "no space left" in said:
        return StorageError(ReasonCode.DISK_FULL)
    if "malformed" in said or "not a database" in said:
        return StorageError(ReasonCode.DATABASE_CORRUPT)
    if isinstance(error, OperationalError) and "locked" in said:
        return StorageError(ReasonCode.DATABASE_LOCKED)
    return StorageError(ReasonCode.DATABASE_UNAVAILABLE)
