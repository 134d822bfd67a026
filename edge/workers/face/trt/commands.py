"""The bodies of ``equalgate edge engine build | list | verify | prune``.

Each prints a line per engine, in zh-CN and English or as JSON, and returns 0 or 1. `list` needs
neither GPU nor TensorRT; the others name what is missing and the cure.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol, TextIO

from edge.workers.face.engine import EngineError
from edge.workers.face.manifest import ManifestError
from edge.workers.face.trt import choose
from edge.workers.face.trt.backend import TrtBackend
from edge.workers.face.trt.cache import CachedEngine, EngineCache
from edge.workers.face.trt.choose import EngineWish

__all__ = ["VERBS", "build", "is_anothers", "list_engines", "prune", "verify"]

OpenBackend = Callable[[EngineWish, Path], tuple[TrtBackend, EngineCache]]
_SAYS = {
    "built": ("已生成", "built"),
    "there": ("已就绪", "is there"),
    "intact": ("完好", "intact"),
    "damaged": ("已损坏", "damaged"),
    "foreign": ("不是本机生成", "not built by this gate"),
    "passes": ("答案正确", "answers as it must"),
    "removed": ("已删除", "removed"),
}
_CURES = {
    "no_tensorrt": "在 Jetson 上运行，并用 --system-site-packages 建环境 / run on a Jetson, in an "
    "environment made with --system-site-packages",
    "no_pycuda": "pip install 'equalgate[jetson]'，需要 CUDA / it needs CUDA's toolkit",
    "no_device": "检查 NVIDIA 驱动和权限（video、render 组）/ check the NVIDIA driver and "
    "the groups video and render",
    "old_tensorrt": "需要 TensorRT 10.3 或更新 / needs TensorRT 10.3 or later",
    "not_built": "equalgate edge engine build",
    "wrong_user": "sudo -u equalgate-face …: 引擎属于人脸进程的用户 / engines belong to the face "
    "worker's user",
    "not_installed": "equalgate models install",
}


class Verb(Protocol):
    """Run one verb."""

    def __call__(self, wish: EngineWish, models: Path, *, again: bool, as_json: bool) -> int:
        """Return 0, or 1 when something failed."""


def build(
    wish: EngineWish,
    models: Path,
    *,
    again: bool = False,
    as_json: bool = False,
    opened: OpenBackend | None = None,
) -> int:
    """Build what is missing, or all with ``again``; engines of other states stay until prune."""
    found = _open(wish, models, as_json, opened)
    if found is None:
        return 1
    backend, cache = found
    failed = 0
    try:
        with cache.building():
            missing = backend.missing()
            for name in backend.engine_keys():
                is_wanted = again or name in missing
                failed += is_wanted and not _built(backend, name, as_json=as_json)
                if not is_wanted:
                    _tell(as_json, name, "there")
    except EngineError as error:
        _fail(as_json, "", error)
        return 1
    return int(failed > 0)


def list_engines(
    wish: EngineWish, models: Path, *, again: bool = False, as_json: bool = False
) -> int:
    """List what is in the folder; 1 when an engine is damaged or foreign."""
    del again
    entries = choose.engine_cache(wish, models).entries()
    for entry in entries:
        _tell(as_json, _name_of(entry), entry.state, _about(entry))
    if not entries and not as_json:
        _say("没有引擎 / no engines; equalgate edge engine build")
    return int(any(entry.state != "intact" for entry in entries))


def verify(
    wish: EngineWish,
    models: Path,
    *,
    again: bool = False,
    as_json: bool = False,
    opened: OpenBackend | None = None,
) -> int:
    """Load every engine of this gate's models and ask its known answers."""
    del again
    found = _open(wish, models, as_json, opened)
    if found is None:
        return 1
    backend, _ = found
    failed = 0
    for model in choose.default_models(models):
        try:
            backend.open(model.content).close()
            _tell(as_json, model.manifest.name, "passes")
        except EngineError as error:
            failed += 1
            _fail(as_json, model.manifest.name, error)
    return int(failed > 0)


def prune(
    wish: EngineWish,
    models: Path,
    *,
    again: bool = False,
    as_json: bool = False,
    opened: OpenBackend | None = None,
) -> int:
    """Remove every engine that this machine, as it is now, would not load."""
    del again
    found = _open(wish, models, as_json, opened)
    if found is None:
        return 1
    backend, cache = found
    for name in cache.prune({key.name for key in backend.engine_keys().values()}):
        _tell(as_json, name[:20], "removed")
    return 0


VERBS: Mapping[str, Verb] = {
    "build": build, "list": list_engines, "prune": prune, "verify": verify,
}  # fmt: skip


def _built(backend: TrtBackend, name: str, *, as_json: bool) -> bool:
    try:
        backend.build(name, _Progress(name, as_json))
    except EngineError as error:
        _fail(as_json, name, error)
        return False
    _tell(as_json, name, "built")
    return True


class _Progress:
    """Show phases and steps as one line that grows, or as JSON lines."""

    def __init__(self, name: str, as_json: bool) -> None:
        self._name = name
        self._as_json = as_json
        self._shown = -1

    def __call__(self, phase: str, step: int, steps: int) -> None:
        share = 100 * step // steps if steps else 100
        if share // 5 == self._shown:
            return
        self._shown = share // 5
        if self._as_json:
            _say(json.dumps({"engine": self._name, "phase": phase, "percent": share}))
        elif sys.stderr.isatty():
            _say(f"\r{self._name}: {phase} {share} %\033[K", sys.stderr, end="")


def _open(
    wish: EngineWish,
    models: Path,
    as_json: bool,
    opened: OpenBackend | None,
) -> tuple[TrtBackend, EngineCache] | None:
    if is_anothers(wish.folder(models), os.geteuid()):
        _fail(as_json, "", EngineError("wrong_user"))
        return None
    try:
        found = (opened or choose.open_backend)(wish, models)
    except (EngineError, ManifestError) as error:
        _fail(as_json, "", error)
        return None
    if not found[0].engine_keys():
        _fail(as_json, "", ManifestError("not_installed"))
        return None
    return found


def is_anothers(folder: Path, user: int) -> bool:
    """Tell whether a folder of engines, or what is to hold it, belongs to another user.

    An engine that root builds could not be read by the worker, and its key would be exposed.
    """
    place = next((one for one in (folder, *folder.parents) if one.exists()), folder)
    try:
        owner = place.stat().st_uid
    except OSError:
        return False
    # The system's own folders hold new ones of anybody who may write there.
    return owner not in {user, 0}


def _tell(as_json: bool, name: str, state: str, more: Mapping[str, object] | None = None) -> None:
    if as_json:
        _say(json.dumps({"engine": name, "state": state, **(more or {})}))
        return
    chinese, english = _SAYS[state]
    about = "".join(f"  {key} {value}" for key, value in (more or {}).items())
    _say(f"{name}: {chinese} / {english}{about}")


def _fail(as_json: bool, name: str, error: EngineError | ManifestError) -> None:
    cure = _CURES.get(error.code, "")
    if as_json:
        known = {"engine": name, "state": "failed", "code": error.code, "detail": error.name}
        _say(json.dumps(known | {"cure": cure}, ensure_ascii=False))
        return
    words = getattr(error, "words", "") or error.name
    head = f"{name}: " if name else ""
    _say(f"{head}失败 / failed: {error.code} {words}".rstrip(), sys.stderr)
    if cure:
        _say(f"  {cure}", sys.stderr)


def _say(text: str, stream: TextIO | None = None, end: str = "\n") -> None:
    # The stream of this moment: a caller may have put another in its place.
    out = stream or sys.stdout
    out.write(text + end)
    out.flush()


def _name_of(entry: CachedEngine) -> str:
    facts = entry.facts.get("facts")
    model = facts.get("model") if isinstance(facts, dict) else None
    return str(model or entry.name[:12])


def _about(entry: CachedEngine) -> dict[str, object]:
    key, facts = entry.facts.get("key"), entry.facts.get("facts")
    about: dict[str, object] = {"mib": round(entry.size_bytes / 2**20, 1)}
    if isinstance(key, dict):
        about |= {name: key[name] for name in ("precision", "tensorrt", "capability", "gpu")}
    if isinstance(facts, dict):
        about |= {name: facts[name] for name in ("worst_cosine", "seconds") if name in facts}
    return about
