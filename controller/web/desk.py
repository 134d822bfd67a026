"""Hold what every route needs, made once by whoever builds the application."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from fastapi import Request
from sqlalchemy import Engine

from controller.domain.moment import Moment
from controller.services.lodge.telephone import NoTelephone, Telephone
from controller.services.ports import Publication
from controller.services.site import Site
from controller.storage.unit_of_work import UnitOfWork
from controller.web.live import LiveFeed
from controller.web.sign_in_limit import SignInLimit
from controller.web.tap_logins import TapLogins

__all__ = ["Desk", "MemoryWire", "Wire", "desk_of"]


class Wire(Protocol):
    """What routes ask of the process's broker session."""

    @property
    def is_connected(self) -> bool:
        """Tell whether the broker is there."""

    def send(self, publication: Publication) -> None:
        """Publish one message now. Raises UnavailableError."""

    def changed(self) -> None:
        """Note that something was saved that gates may have to know; returns at once."""


class MemoryWire:
    """A wire that keeps what was sent, for tests of routes."""

    def __init__(self) -> None:
        self.sent: list[Publication] = []
        self.changes = 0
        self.is_connected = True

    def send(self, publication: Publication) -> None:
        """Keep the message."""
        self.sent.append(publication)

    def changed(self) -> None:
        """Count the note."""
        self.changes += 1


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts behind the pages. `is_https` decides about cookies and transport headers."""

    engine: Engine
    site: Site
    title: str
    clock: Callable[[], Moment]
    wire: Wire
    live: LiveFeed
    limit: SignInLimit
    is_https: bool = False
    telephone: Telephone = field(default_factory=NoTelephone)
    taps: TapLogins = field(default_factory=TapLogins)

    def reading(self) -> UnitOfWork:
        """Open a transaction that only reads."""
        return UnitOfWork(self.engine, writes=False)

    def writing(self) -> UnitOfWork:
        """Open a transaction that writes."""
        return UnitOfWork(self.engine)


def desk_of(request: Request) -> Desk:
    """Return the desk of this application."""
    desk: Desk = request.app.state.desk
    return desk
