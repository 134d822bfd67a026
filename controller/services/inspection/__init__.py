"""Serve inspectors: drills and walk tests, random draws, looks that are logged, the first page."""

from controller.services.inspection.drill import (
    Drill,
    close_drill,
    list_of,
    open_drill,
    open_walk,
    reveal,
)
from controller.services.inspection.steps import StepView, follow, set_stopwatch, steps_of
from controller.services.inspection.trial import try_face_only

__all__ = [
    "Drill",
    "StepView",
    "close_drill",
    "follow",
    "list_of",
    "open_drill",
    "open_walk",
    "reveal",
    "set_stopwatch",
    "steps_of",
    "try_face_only",
]
