"""Join the tables of routes: who may use which, walked by a test with every role.

A route that is not in it cannot be served: `create_app` refuses to start. Nothing is decided
anywhere else about roles, except that services check the act again.
"""

from collections.abc import Mapping

from controller.web.api.table import API
from controller.web.counter.table import COUNTER_PAGES
from controller.web.guard.table import GUARD_PAGES
from controller.web.inspector.table import INSPECTOR_PAGES
from controller.web.login.table import LOGIN_PAGES
from controller.web.manager.table import MANAGER_PAGES
from controller.web.office.table import OFFICE_PAGES
from controller.web.public.table import PUBLIC_PAGES
from controller.web.resident.table import RESIDENT_PAGES
from controller.web.route_rules import Rule
from controller.web.sheets.table import SHEET_PAGES

__all__ = ["ROUTES"]

ROUTES: Mapping[tuple[str, str], Rule] = {
    **API,
    **LOGIN_PAGES,
    **PUBLIC_PAGES,
    **RESIDENT_PAGES,
    **GUARD_PAGES,
    **COUNTER_PAGES,
    **MANAGER_PAGES,
    **OFFICE_PAGES,
    **INSPECTOR_PAGES,
    **SHEET_PAGES,
}
"""Every route but static files, which hold nothing."""
