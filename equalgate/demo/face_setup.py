"""Fit face in the example compound where models lie on this machine; else it is not installed."""

import secrets
from pathlib import Path

from controller.domain.moment import Moment
from controller.domain.roles import Actor
from controller.services.seed import SeedResult
from controller.services.seed_face import seed_face
from controller.services.seed_register import seed_assessment
from controller.services.site import Site
from controller.services.staff import StaffDraft, add_staff
from controller.storage.unit_of_work import UnitOfWork
from equalgate.models import find_models
from equalgate.places import assets_folder
from mqtt.contract.records import Role

__all__ = ["FACE_POINTS", "OPTED_IN", "faces_folder", "fit_face", "models_folder"]

FACE_POINTS = ("south-in", "north-in")
OPTED_IN = ("owner", "father")
"""Residents of the example who have reserved face by themselves; the gate asks them."""


def models_folder() -> Path | None:
    """Return the folder with face models, or None where there are none."""
    folder = find_models()
    return folder if any(folder.glob("*.onnx")) else None


def faces_folder() -> Path | None:
    """Return the folder with pictures of faces to play with, or None."""
    folder = assets_folder() / "faces"
    return folder if folder.is_dir() else None


def fit_face(uow: UnitOfWork, site: Site, seeded: SeedResult, moment: Moment) -> None:
    """Publish the example notice and switch face on where people enter; the caller commits.

    The impact assessment that comes before it is approved by a second manager.
    """
    manager = Actor(seeded.with_role(Role.MANAGER).id, Role.MANAGER)
    draft = StaffDraft("manager2", "方主任", Role.MANAGER, secrets.token_urlsafe(24))
    second = Actor(add_staff(uow, manager, draft, moment), Role.MANAGER)
    seed_assessment(uow, site, manager, second, moment)
    wishes = tuple(seeded.person(key).holder for key in OPTED_IN)
    seed_face(uow, site, manager, FACE_POINTS, moment=moment, wishes=wishes)
