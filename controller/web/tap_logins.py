"""Remember for two minutes which page asked for how many taps; one page for each flat at a time."""

import secrets
import threading

from controller.domain.moment import Moment
from controller.services.tap_login import Asked

__all__ = ["TapLogins"]

_FEWEST, _SPREAD = 3, 3
_REMEMBERED = 1_000


class TapLogins:
    """What open pages have asked for, in memory: a restart of the controller ends them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: dict[str, Asked] = {}

    def ask(self, dwelling: str, access_point: str, moment: Moment) -> tuple[str, Asked] | None:
        """Draw a number of taps for a page; None while another page asks for the same flat."""
        asked = Asked(dwelling, access_point, _FEWEST + secrets.randbelow(_SPREAD), moment.utc_s)
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._asked = {
                key: each for key, each in self._asked.items() if not each.is_over(moment)
            }
            taken = any(each.dwelling == dwelling for each in self._asked.values())
            if taken or len(self._asked) >= _REMEMBERED:
                return None
            self._asked[token] = asked
        return token, asked

    def asked(self, token: str, moment: Moment) -> Asked | None:
        """Return what a page asked for, if its time is not over."""
        with self._lock:
            found = self._asked.get(token)
        return None if found is None or found.is_over(moment) else found

    def end(self, token: str) -> None:
        """Forget a page's question."""
        with self._lock:
            self._asked.pop(token, None)
