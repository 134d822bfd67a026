"""Do the chores of an operator: migrate, seed, first account, back up, restore."""

import json
from pathlib import Path

from controller.bootstrap import clock
from controller.bootstrap.parts import make_site, open_database
from controller.services import backup as copies
from controller.services.keys import ensure_keys
from controller.services.seed import SeedResult, seed_compound
from controller.services.staff import StaffDraft, add_staff
from controller.settings import Settings
from controller.storage.engine import make_engine
from controller.storage.migrate import upgrade
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.records import Role

__all__ = ["add_first_account", "back_up", "migrate", "restore", "seed"]


def migrate(settings: Settings) -> None:
    """Bring the database to this version and make the site's keys. Raises StorageError."""
    engine = make_engine(settings.database.url)
    try:
        upgrade(engine)
        with UnitOfWork(engine) as uow:
            ensure_keys(uow, make_site(settings), clock.now())
            uow.commit()
    finally:
        engine.dispose()


def seed(settings: Settings, number: int) -> str:
    """Fill an empty database with the example compound; return its secrets as JSON, told once."""
    engine = open_database(settings)
    try:
        with UnitOfWork(engine) as uow:
            made = seed_compound(uow, make_site(settings), clock.now(), seed=number)
            uow.commit()
    finally:
        engine.dispose()
    return json.dumps(_told(made), ensure_ascii=False, indent=2)


def _told(made: SeedResult) -> dict[str, object]:
    """Return what the person at the keyboard needs to try the example."""
    return {
        "staff": [
            {"login": each.login, "password": each.password, "role": each.role, "pin": each.pin}
            for each in made.staff
        ],
        "people": [
            {
                "name": each.name,
                "dwelling": each.dwelling,
                "fob": f"{each.card.value:x}" if each.card else "",
                "paper": each.paper.text if each.paper else "",
                "pin": each.pin.digits if each.pin else "",
            }
            for each in made.people
        ],
        "visitor": made.visitor.text,
        "carer": made.carer.text,
        "courier": made.courier.text,
    }


def add_first_account(settings: Settings, login: str, name: str, password: str) -> None:
    """Make the first manager account. Raises RefusedError if there is any account already."""
    engine = open_database(settings)
    try:
        with UnitOfWork(engine) as uow:
            add_staff(uow, None, StaffDraft(login, name, Role.MANAGER, password), clock.now())
            uow.commit()
    finally:
        engine.dispose()


def back_up(settings: Settings, target: Path) -> None:
    """Write a consistent copy of the database while it is in use."""
    copies.backup(settings.database.url, target)


def restore(settings: Settings, source: Path) -> None:
    """Replace the database by a backup; the controller must be stopped."""
    copies.restore(settings.database.url, source)
