"""Engines on disk: whole or not at all, never one that this gate did not build as it is now."""

import json
import threading
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from edge.workers.face.engine import EngineError
from edge.workers.face.keys import FileCabinet, MemoryCabinet
from edge.workers.face.trt import cache_key
from edge.workers.face.trt.api import TensorRt
from edge.workers.face.trt.cache import EngineCache, EngineFiles
from edge.workers.face.trt.cache_key import EngineKey, key_of, l4t_release
from edge.workers.face.trt.commands import is_anothers
from edge.workers.face.trt.driver import DeviceFacts

FILES = EngineFiles(b"plan" * 1000, b"kernels", b"golden")
DEVICE = DeviceFacts("Orin", (8, 7), "12.6", shares_memory=True, memory_bytes=8 << 30)
TRT = TensorRt(None, "tensorrt", "10.3.0")
KEY = key_of(b"model", "float16", TRT, DEVICE)


@pytest.fixture
def cache(tmp_path: Path) -> EngineCache:
    return EngineCache(tmp_path / "engines", FileCabinet(tmp_path / "keys"))


def folder(tmp_path: Path) -> Path:
    return tmp_path / "engines" / KEY.name


def test_what_is_put_comes_back_and_only_its_user_can_read_it(
    cache: EngineCache, tmp_path: Path
) -> None:
    cache.put(KEY, FILES, {"model": "m"})
    assert cache.get(KEY) == FILES
    assert {path.stat().st_mode & 0o777 for path in folder(tmp_path).iterdir()} == {0o600}
    assert folder(tmp_path).stat().st_mode & 0o777 == 0o700
    (entry,) = cache.entries()
    assert (entry.name, entry.state) == (KEY.name, "intact")
    assert entry.size_bytes > len(FILES.plan)


def test_every_part_of_the_key_makes_another_engine() -> None:
    for field in fields(EngineKey):
        values: dict[str, Any] = {field.name: "other"}
        assert replace(KEY, **values).name != KEY.name, field.name


@pytest.mark.parametrize(
    "change",
    [
        lambda: key_of(b"other model", "float16", TRT, DEVICE),
        lambda: key_of(b"model", "float32", TRT, DEVICE),
        lambda: key_of(b"model", "float16", TensorRt(None, "tensorrt", "10.16.2"), DEVICE),
        lambda: key_of(b"model", "float16", TensorRt(None, "tensorrt_rtx", "10.3.0"), DEVICE),
        lambda: key_of(b"model", "float16", TRT, replace(DEVICE, capability=(9, 0))),
        lambda: key_of(b"model", "float16", TRT, replace(DEVICE, name="Orin NX")),
        lambda: key_of(b"model", "float16", TRT, replace(DEVICE, driver_version="13.2")),
    ],
)
def test_another_model_version_or_device_has_another_key(change: Callable[[], EngineKey]) -> None:
    assert change().name != KEY.name


def test_another_kernel_and_another_system_have_another_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    release = tmp_path / "nv_tegra_release"
    release.write_text("# R36 (release), REVISION: 4.3, GCID: 38968081\nmore\n")
    assert l4t_release(release) == "# R36 (release), REVISION: 4.3, GCID: 38968081"
    assert l4t_release(tmp_path / "absent") == ""
    monkeypatch.setattr(cache_key, "kernel_sha256", lambda: "0" * 64)
    assert key_of(b"model", "float16", TRT, DEVICE).name != KEY.name
    monkeypatch.undo()
    monkeypatch.setattr(cache_key, "BUILDER_REVISION", 99)
    assert key_of(b"model", "float16", TRT, DEVICE).name != KEY.name


@pytest.mark.parametrize("part", ["plan", "kernels", "golden"])
def test_a_changed_byte_is_never_loaded_and_the_folder_is_set_aside(
    cache: EngineCache, tmp_path: Path, part: str
) -> None:
    cache.put(KEY, FILES, {})
    path = folder(tmp_path) / part
    path.write_bytes(b"\1" + path.read_bytes()[1:])
    assert [entry.state for entry in cache.entries()] == ["damaged"]
    with pytest.raises(EngineError, match="engine_damaged"):
        cache.get(KEY)
    assert not folder(tmp_path).exists()
    with pytest.raises(EngineError, match="not_built"):
        cache.get(KEY)


def test_a_manifest_without_our_mark_is_foreign(cache: EngineCache, tmp_path: Path) -> None:
    cache.put(KEY, FILES, {})
    path = folder(tmp_path) / "manifest.json"
    known = json.loads(path.read_text())
    known["facts"] = {"model": "another"}
    path.write_text(json.dumps(known))
    assert [(one.state, one.facts) for one in cache.entries()] == [("foreign", {})]
    with pytest.raises(EngineError, match="engine_foreign"):
        cache.get(KEY)


def test_an_engine_of_another_gate_is_foreign(cache: EngineCache, tmp_path: Path) -> None:
    other = EngineCache(tmp_path / "engines", MemoryCabinet())
    other.put(KEY, FILES, {})
    with pytest.raises(EngineError, match="engine_foreign"):
        cache.get(KEY)


def test_an_engine_under_another_name_is_refused(cache: EngineCache, tmp_path: Path) -> None:
    older = replace(KEY, tensorrt="tensorrt 10.2.0")
    cache.put(older, FILES, {})
    (tmp_path / "engines" / older.name).rename(folder(tmp_path))
    with pytest.raises(EngineError, match="engine_foreign"):
        cache.get(KEY)


@pytest.mark.parametrize("part", ["plan", "kernels", "golden", "manifest.json", "mark"])
def test_a_missing_part_is_damage(cache: EngineCache, tmp_path: Path, part: str) -> None:
    cache.put(KEY, FILES, {})
    (folder(tmp_path) / part).unlink()
    with pytest.raises(EngineError, match="engine_damaged"):
        cache.get(KEY)


def test_a_link_in_the_place_of_a_plan_is_damage(cache: EngineCache, tmp_path: Path) -> None:
    cache.put(KEY, FILES, {})
    plan = folder(tmp_path) / "plan"
    plan.rename(tmp_path / "plan")
    plan.symlink_to(tmp_path / "plan")
    with pytest.raises(EngineError, match="engine_damaged"):
        cache.get(KEY)


def test_a_write_that_fails_leaves_nothing_half(
    cache: EngineCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.put(KEY, FILES, {})

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("edge.workers.face.trt.cache._write", full)
    with pytest.raises(EngineError, match="disk_failed"):
        cache.put(KEY, replace(FILES, plan=b"new"), {})
    monkeypatch.undo()
    assert cache.get(KEY) == FILES
    assert [path.name for path in (tmp_path / "engines").iterdir()] == [KEY.name]


def test_a_new_engine_replaces_the_one_before(cache: EngineCache) -> None:
    cache.put(KEY, FILES, {})
    newer = replace(FILES, plan=b"new")
    cache.put(KEY, newer, {})
    assert cache.get(KEY) == newer


def test_prune_removes_the_rest_and_nothing_else(cache: EngineCache, tmp_path: Path) -> None:
    older = replace(KEY, driver="12.2")
    for key in (KEY, older):
        cache.put(key, FILES, {})
    cache.mark_failed(replace(KEY, driver="1"), "build_failed")
    (tmp_path / "engines" / "somebody.txt").write_text("not ours")
    gone = cache.prune({KEY.name})
    assert older.name in gone
    assert len(gone) == 2
    assert cache.get(KEY) == FILES
    assert (tmp_path / "engines" / "somebody.txt").exists()


def test_a_failed_build_is_remembered_until_one_succeeds(cache: EngineCache) -> None:
    assert cache.failure(KEY) == ""
    cache.mark_failed(KEY, "model_refused")
    assert cache.failure(KEY) == "model_refused"
    cache.put(KEY, FILES, {})
    assert cache.failure(KEY) == ""


def test_a_build_that_is_killed_twice_is_not_tried_a_third_time(cache: EngineCache) -> None:
    cache.begin(KEY)
    assert cache.failure(KEY) == "", "it may have been a power cut"
    cache.begin(KEY)
    assert cache.failure(KEY) == "unfinished"
    cache.put(KEY, FILES, {})
    assert cache.failure(KEY) == ""


def test_two_builders_take_turns(cache: EngineCache) -> None:
    order: list[str] = []
    begun = threading.Event()

    def second() -> None:
        begun.set()
        with cache.building():
            order.append("second")

    thread = threading.Thread(target=second)
    with cache.building():
        thread.start()
        assert begun.wait(5)
        thread.join(0.1)
        order.append("first")
    thread.join(5)
    assert order == ["first", "second"]


def test_engines_of_another_user_are_left_to_that_user(tmp_path: Path) -> None:
    own = tmp_path.stat().st_uid
    assert not is_anothers(tmp_path / "engines" / "not-yet", own)
    assert is_anothers(tmp_path / "engines", own + 1) is (own != 0)
    assert not is_anothers(Path("/proc/engines"), 12345)
