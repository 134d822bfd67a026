"""Keep the lodge's house: bring gates' calls to the console, and raise what is overdue."""

from controller.domain.moment import Moment
from controller.services.calls import collect_calls, has_new_calls, raise_overdue
from controller.services.lodge.holds import raise_unsigned
from controller.storage.unit_of_work import UnitOfWork

__all__ = ["has_lodge_news", "keep_lodge", "learn_calls"]


def has_lodge_news(uow: UnitOfWork, moment: Moment) -> bool:
    """Tell whether `learn_calls` would find a call; only reads."""
    return has_new_calls(uow, moment)


def learn_calls(uow: UnitOfWork, moment: Moment) -> int:
    """Bring new calls at gates to the console; return how many."""
    return collect_calls(uow, moment)


def keep_lodge(uow: UnitOfWork, moment: Moment) -> None:
    """Raise reasons and countersignatures that are overdue; every minute, may run twice."""
    raise_overdue(uow, moment)
    raise_unsigned(uow, moment)
