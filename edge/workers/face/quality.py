"""Judge whether a face can be judged: size, place, pose, light, sharpness, an open lower face.

This protects more than comfort. Blurred and covered faces raise the scores of strangers, and
dark or noisy frames make attacks look like skin to the PAD networks. Everything is measured on the
aligned chip, so a person near the camera and one farther away are treated alike, and colour is
compared within one face only. Limits come from 34 faces at least 64 px wide, as they are and
disturbed; the figures stand beside each limit. A patterned scarf passes about half of the time.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edge.workers.face.analysis import Hint
from edge.workers.face.detect import Face, Points
from edge.workers.face.models_input import Picture

__all__ = [
    "ENROLMENT",
    "ENTRY",
    "ChipMeasures",
    "Limits",
    "Pose",
    "hints_for",
    "measure",
    "pose_of",
]

Plane = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Limits:
    """Hold what a face must have. Lengths in pixels, angles in degrees, light in grey levels.

    ``yaw`` is how far the nose may lie from the middle of the eyes, in eye distances; ``pitch`` the
    range of its height between eyes (0) and mouth (1). The chip's limits have no unit: see
    ``ChipMeasures``.
    """

    width_px: float = 64.0
    eye_distance_px: float = 0.0
    # Whole faces have 1.0; half a face at the edge of the frame 0.7.
    share_inside: float = 0.9
    roll_degrees: float = 25.0
    yaw: float = 0.25
    pitch: tuple[float, float] = (0.40, 0.70)
    # Ordinary light 75 to 180; gamma 3 leaves 50. Highlights as well: dark skin has them.
    mean_light: tuple[float, float] = (60.0, 205.0)
    highlight: float = 110.0
    # As they are 0.07 to 0.22; blurred by a fifteenth of the face at most 0.057.
    sharpness: float = 0.07
    # As they are at most 3.0; with camera noise of 12 grey levels 5.5.
    noise: float = 4.5
    # As they are at least 0.09; behind a plain mask at most 0.06.
    mouth: float = 0.07
    # As they are at most 19; behind a coloured mask 25 to 70.
    colour_step: float = 20.0


ENTRY = Limits()
# A reference lasts for months, so it is taken straighter and nearer (acceptance case J18).
ENROLMENT = Limits(width_px=96.0, eye_distance_px=60.0, roll_degrees=20.0, yaw=0.18)


@dataclass(frozen=True, slots=True)
class Pose:
    """Hold how a head is turned, from the five points; units as in ``Limits``."""

    eye_distance_px: float
    roll_degrees: float
    yaw: float
    pitch: float


@dataclass(frozen=True, slots=True)
class ChipMeasures:
    """Hold what the aligned face shows.

    ``mean_light`` and ``highlight`` (95th percentile) are grey levels. ``sharpness`` is the mean
    second difference in the blurrier direction, ``mouth`` the mean row difference around the
    mouth, both as shares of the contrast. ``noise`` is the deviation of the grain in grey levels
    (Immerkaer 1996, with the median). ``colour_step`` is the distance in Cr and Cb between the
    cheeks and the lower face.
    """

    mean_light: float
    highlight: float
    sharpness: float
    noise: float
    mouth: float
    colour_step: float


def pose_of(points: Points) -> Pose:
    """Return the pose; points that coincide give a pose that no limit accepts."""
    left, right, nose, mouth_left, mouth_right = points.astype(np.float64)
    across = right - left
    distance = float(np.hypot(*across))
    if distance < 1e-6:
        return Pose(0.0, 180.0, 1.0, -1.0)
    across /= distance
    down = np.array([-across[1], across[0]])
    middle, mouth = (left + right) / 2, (mouth_left + mouth_right) / 2
    to_mouth = float((mouth - middle) @ down)
    to_nose = float((nose - middle) @ down)
    return Pose(
        distance,
        float(np.degrees(np.arctan2(across[1], across[0]))),
        float((nose - middle) @ across) / distance,
        to_nose / to_mouth if to_mouth > 1e-6 else -1.0,
    )


def measure(chip: Picture) -> ChipMeasures:
    """Measure an aligned face of 128 x 128 pixels."""
    grey = np.asarray(cv2.cvtColor(chip, cv2.COLOR_BGR2GRAY), dtype=np.float32)
    core = grey[28:116, 20:108]
    contrast = max(float(core.std()), 1.0)
    across = np.abs(2 * core[:, 1:-1] - core[:, :-2] - core[:, 2:]).mean()
    down = np.abs(2 * core[1:-1] - core[:-2] - core[2:]).mean()
    soft = np.asarray(cv2.GaussianBlur(grey, (0, 0), 1.2), dtype=np.float32)
    rows = np.abs(np.diff(soft, axis=0))[98:114, 48:80]
    return ChipMeasures(
        float(core.mean()),
        float(np.percentile(core, 95)),
        float(min(across, down)) / contrast,
        _noise(core),
        float(rows.mean()) / contrast,
        _colour_step(chip),
    )


def hints_for(
    face: Face, chip: Picture, share_inside: float, limits: Limits = ENTRY
) -> tuple[Hint, ...]:
    """Return what the person should do, the most useful first; empty when the face is good.

    ``share_inside`` is how much of the aligned face lies in the frame, 0 to 1.
    """
    pose, seen = pose_of(face.points), measure(chip)
    is_far = face.width < limits.width_px or pose.eye_distance_px < limits.eye_distance_px
    is_turned = abs(pose.roll_degrees) > limits.roll_degrees or abs(pose.yaw) > limits.yaw
    is_nodding = not limits.pitch[0] <= pose.pitch <= limits.pitch[1]
    is_dark = seen.mean_light < limits.mean_light[0] or seen.highlight < limits.highlight
    is_covered = seen.mouth < limits.mouth or seen.colour_step > limits.colour_step
    found: list[tuple[bool, Hint]] = [
        (share_inside < limits.share_inside, "step_back"),
        (is_far, "come_closer"),
        (is_turned or is_nodding, "look_here"),
        (is_dark or seen.noise > limits.noise, "more_light"),
        (seen.mean_light > limits.mean_light[1], "less_light"),
        (seen.sharpness < limits.sharpness, "hold_still"),
        (is_covered, "uncover_face"),
    ]
    return tuple(hint for applies, hint in found if applies)


def _noise(core: Plane) -> float:
    # The mask is blind to edges and slopes; the median is blind to hair and eyelashes.
    cells = core[:, :-2] - 2 * core[:, 1:-1] + core[:, 2:]
    grain = cells[:-2] - 2 * cells[1:-1] + cells[2:]
    return float(np.median(np.abs(grain))) / (6 * 0.6745)


def _colour_step(chip: Picture) -> float:
    colours = np.asarray(cv2.cvtColor(chip, cv2.COLOR_BGR2YCrCb), dtype=np.float32)[:, :, 1:]
    cheeks = np.concatenate([_patch(colours, 66, 82, 26, 44), _patch(colours, 66, 82, 84, 102)])
    lower = np.concatenate(
        [
            _patch(colours, 96, 112, 26, 40),
            _patch(colours, 96, 112, 88, 102),
            _patch(colours, 92, 98, 54, 74),
        ]
    )
    return float(np.linalg.norm(np.median(cheeks, axis=0) - np.median(lower, axis=0)))


def _patch(colours: Plane, top: int, bottom: int, left: int, right: int) -> Plane:
    return colours[top:bottom, left:right].reshape(-1, 2)
