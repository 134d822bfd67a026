"""Hold what the stage shows, and do what its buttons say; pages call it from their threads."""

import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from controller.storage.engine import make_engine
from equalgate.demo.cast import load_cast
from equalgate.demo.compound import Compound
from equalgate.demo.stage.acts import ACTS, GATE, PLACE, Happened, Players
from equalgate.demo.stage.attempt import Refusal, try_face_only
from equalgate.demo.stage.inspector import Checked, check, log_heads, make_evidence, tamper
from equalgate.demo.stage.lamps import Lamp, lamps
from equalgate.demo.stage.look import Scene, Watcher
from equalgate.places import assets_folder
from mqtt.contract.errors import EqualGateError, StorageError

__all__ = ["Panels", "Stage"]

_TOUR = ("paper", "forged", "fob", "lost_fob", "guard", "cable", "paper", "fob", "guard", "cable")


@dataclass(frozen=True, slots=True)
class Panels:
    """Everything that is drawn."""

    scene: Scene
    happened: tuple[Happened, ...]
    lamps: tuple[Lamp, ...]
    refusals: tuple[Refusal, ...]
    heads: tuple[tuple[str, int, str], ...]
    checked: Checked | None
    tampered: Checked | None
    picture: str
    is_touring: bool


class Stage:
    """The stage of a running compound; `close` at the end."""

    def __init__(self, compound: Compound) -> None:
        self._compound = compound
        self._engine: Engine = make_engine(compound.database_url)
        faces = assets_folder() / "faces" / "public_officials"
        self.players = Players(
            compound, load_cast(compound.cast_file), faces if faces.is_dir() else None
        )
        self._watcher = Watcher(compound, self._engine)
        self._looking = threading.Lock()
        self._moving = threading.Lock()
        self._proving = threading.Lock()
        self._refusals: tuple[Refusal, ...] = ()
        self._lamps: tuple[Lamp, ...] = ()
        self._heads: tuple[tuple[str, int, str], ...] = ()
        self._recorded = -1
        self._checked: Checked | None = None
        self._tampered: Checked | None = None
        self._is_touring = False
        self._is_over = threading.Event()

    def panels(self) -> Panels:
        """Look now; the rules are asked again only when something was recorded."""
        with self._looking:
            scene = self._watcher.look()
            if scene.recorded != self._recorded:
                with suppress(StorageError):
                    self._lamps = lamps(self._engine, self._compound.site(), scene.ways)
                    self._heads = log_heads(self._engine)
                    self._recorded = scene.recorded
        return Panels(
            scene,
            tuple(self.players.happened),
            self._lamps,
            self._refusals,
            self._heads,
            self._checked,
            self._tampered,
            self._picture_name(),
            self._is_touring,
        )

    @property
    def picture(self) -> Path | None:
        """Return the file that the simulated camera was given last."""
        return self.players.picture

    @property
    def evidence(self) -> Path:
        """Return where the bundle lies once it is made."""
        return self._compound.folder / "evidence.zip"

    def do(self, name: str) -> None:
        """Do what a button says; an unknown name does nothing."""
        if name in ACTS:
            self.players.act(name)
        elif name == "cable":
            self._move_cable()
        elif name == "face-only":
            self._refusals = try_face_only(self._engine, self._compound.site(), PLACE, GATE)
        elif name in {"bundle", "tamper"}:
            with self._proving, suppress(EqualGateError, OSError):
                self._prove(name)
        elif name == "tour" and not self._is_touring:
            self._is_touring = True
            threading.Thread(target=self._tour, name="tour", daemon=True).start()

    def close(self) -> None:
        """End."""
        self._is_over.set()
        self._watcher.close()
        self._engine.dispose()

    def _move_cable(self) -> None:
        """Stop the broker, or start it again; everything else goes on."""
        with self._moving, suppress(EqualGateError):
            if self._compound.broker.is_running:
                self._compound.broker.stop()
            else:
                self._compound.broker.start()

    def _prove(self, name: str) -> None:
        if name == "bundle":
            make_evidence(self._engine, self._compound.site(), self.evidence)
            self._checked, self._tampered = check(self.evidence), None
        elif self._checked is not None:
            changed = self.evidence.with_name("evidence-changed.zip")
            tamper(self.evidence, changed)
            self._tampered = check(changed)

    def _tour(self) -> None:
        try:
            for name in _TOUR:
                if self._is_over.wait(1.0):
                    return
                self.do(name)
        finally:
            self._is_touring = False

    def _picture_name(self) -> str:
        file = self.picture
        if file is None or not file.exists():
            return ""
        return f"{file.stem}-{file.stat().st_mtime_ns}"
