"""Name every router of the JSON API."""

from controller.web.api import (
    commands,
    credentials,
    events,
    evidence,
    face,
    face_own,
    face_seen,
    gates,
    people,
    provisioning,
    rollouts,
    session,
    visitors,
)

__all__ = ["ROUTERS"]

ROUTERS = (
    session.router,
    gates.router,
    events.router,
    evidence.router,
    people.router,
    credentials.router,
    visitors.router,
    commands.router,
    face.router,
    face_own.router,
    face_seen.router,
    rollouts.router,
    provisioning.router,
)
