"""What the doctor says about a Jetson: everything optional, every missing thing with its cure."""

from pathlib import Path

import pytest

from equalgate import setup_checks_jetson
from equalgate.setup_checks_jetson import jetson_checks
from equalgate.setup_checks_kind import Check, Need

NAMES = [
    "Jetson Linux", "TensorRT", "GPU through pycuda", "nvcc", "GStreamer (csi: cameras)",
    "jetson-utils",
]  # fmt: skip


def test_on_another_machine_it_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "exists", lambda _: False)
    assert jetson_checks() == []


def test_on_a_jetson_each_part_is_named_with_its_cure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    release = tmp_path / "nv_tegra_release"
    release.write_text("# R36 (release), REVISION: 4.3\n")
    monkeypatch.setattr(setup_checks_jetson, "_RELEASE", release)
    found = jetson_checks()
    assert [one.name for one in found] == NAMES
    assert {one.needed_for for one in found} == {Need.NOTHING}
    assert all(one.present or one.cure for one in found)


def test_without_the_face_extra_that_is_the_finding(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def absent() -> Check:
        raise ImportError(name="numpy")

    (tmp_path / "r").write_text("x")
    monkeypatch.setattr(setup_checks_jetson, "_RELEASE", tmp_path / "r")
    monkeypatch.setattr(setup_checks_jetson, "_tensorrt", absent)
    (one,) = jetson_checks()
    assert "equalgate[face]" in one.cure
    assert "numpy" in one.cure
