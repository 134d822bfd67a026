import io
import itertools
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.workers.face.detect import Face
from edge.workers.face.models_scene import draw_scene
from edge.workers.face.report import central_face, embed_file, embed_files
from edge.workers.face.report_cli import face_report
from edge.workers.face.report_pairs import PairsError, read_pairs, refuse_store
from equalgate.cli import main
from tests.support.face_assets import faces_folder, models_folder, real_models


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """Return a folder with two drawn people, each upright and once more, and an empty picture."""
    folder = tmp_path / "pictures" / "one"
    folder.mkdir(parents=True)
    for number in range(2):
        picture = draw_scene(number).picture
        cv2.imwrite(str(folder / f"{number}_a.png"), picture)
        cv2.imwrite(str(folder / f"{number}_b.jpg"), picture[:, 8:])
    cv2.imwrite(str(folder / "none.png"), np.full((100, 100, 3), 90, np.uint8))
    return folder.parent


def listing(folder: Path, *lines: str) -> Path:
    path = folder.parent / "pairs.tsv"
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path


def report(pairs: Path, images: Path) -> tuple[int, dict[str, object], str]:
    out, err = io.StringIO(), io.StringIO()
    code = face_report(pairs, images, models_folder(), out, err)
    lines = out.getvalue().splitlines()
    return code, json.loads(lines[-1]) if lines else {}, err.getvalue()


def four(drawn: Path) -> list[str]:
    names = ["one/0_a.png", "one/0_b.jpg", "one/1_a.png", "one/1_b.jpg"]
    return [f"{a}\t{b}\t{int(a[4] == b[4])}" for a, b in itertools.combinations(names, 2)]


def test_the_last_line_holds_the_figures_and_progress_goes_elsewhere(drawn: Path) -> None:
    code, told, progress = report(listing(drawn, *four(drawn)), drawn)
    assert code == 0
    expected = {"pairs": 6, "accuracy": 1.0, "eer": 0.0, "tar_at_far_1e-3": 1.0, "not_detected": 0}
    assert {key: told[key] for key in expected} == expected
    assert told["images"] == 4
    assert "4/4" in progress


def test_pairs_without_a_face_count_as_errors(drawn: Path) -> None:
    lines = [*four(drawn), "one/0_a.png\tone/none.png\t1", "one/1_a.png\tone/none.png\t0"]
    _, told, _ = report(listing(drawn, *lines), drawn)
    assert told["not_detected"] == 2
    assert told["accuracy"] == pytest.approx(6 / 8)
    assert told["eer"] == pytest.approx(1 / 3, abs=1e-4)
    assert told["tar_at_far_1e-3"] == 0.0


def test_each_picture_is_embedded_once_however_many_pairs_name_it(drawn: Path) -> None:
    asked: list[Path] = []

    def embed_one(path: Path) -> None:
        asked.append(path)

    paths = [drawn / "one" / "0_a.png", drawn / "one" / "1_a.png"] * 5
    done: list[int] = []
    assert embed_files(paths, embed_one, 2, done.append) == dict.fromkeys(paths)
    assert sorted(asked) == sorted(set(paths))
    assert done == [1, 2]


def test_the_face_nearest_the_middle_is_taken() -> None:
    points = np.zeros((5, 2), np.float32)
    edge, middle = Face(0, 0, 90, 90, 0.99, points), Face(100, 90, 40, 40, 0.7, points)
    picture = np.zeros((220, 250, 3), np.uint8)
    assert central_face((edge, middle), picture) is middle
    assert central_face((), picture) is None


def test_a_larger_face_aside_does_not_displace_the_middle_one(drawn: Path) -> None:
    small, large = draw_scene(0).picture, draw_scene(1).picture
    wide = np.full((640, 1400, 3), 110, np.uint8)
    wide[190:446, 540:860] = small
    wide[0:512, 880:1400] = cv2.resize(large, (640, 512))[:, :520]
    cv2.imwrite(str(drawn / "wide.png"), wide)
    cv2.imwrite(str(drawn / "alone.png"), small)
    models = real_models()
    vectors = [
        embed_file(drawn / name, models.detector, models.embedder)
        for name in ("wide.png", "alone.png", "one/1_a.png")
    ]
    both, alone, other = vectors
    assert both is not None
    assert alone is not None
    assert other is not None
    assert float(both @ alone) > float(both @ other)
    assert float(both @ alone) > 0.9


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("one/0_a.png one/1_a.png 1", "TAB"),
        ("one/0_a.png\tone/1_a.png", "TAB"),
        ("one/0_a.png\tone/1_a.png\t2", "TAB"),
        ("one/0_a.png\tone/1_a.png\tyes", "TAB"),
        ("one/0_a.png\tone/absent.png\t1", "not there"),
        ("one/0_a.png\t../pairs.tsv\t1", "outside"),
        ("one/0_a.png\t/etc/hostname\t1", "outside"),
        ("one/0_a.png\tone\t1", "not there"),
    ],
)
def test_a_bad_line_is_refused_with_its_number(drawn: Path, line: str, problem: str) -> None:
    pairs = listing(drawn, "one/0_a.png\tone/1_a.png\t0", "", line)
    with pytest.raises(PairsError, match=problem) as caught:
        read_pairs(pairs, drawn)
    assert caught.value.line == 3
    assert "line 3" in str(caught.value)


def test_blank_lines_a_byte_order_mark_and_windows_ends_are_taken(drawn: Path) -> None:
    path = drawn.parent / "pairs.tsv"
    text = "\ufeffone/0_a.png\tone/1_a.png\t0\r\n\r\none/0_a.png\tone/0_b.jpg\t1\r\n"
    path.write_bytes(text.encode())
    assert [(pair.line, pair.is_same) for pair in read_pairs(path, drawn)] == [
        (1, False),
        (3, True),
    ]


def test_lists_that_cannot_be_used_are_refused(drawn: Path) -> None:
    for content in (b"", b"\n\n", b"\xff\xfe\0"):
        (drawn.parent / "pairs.tsv").write_bytes(content)
        with pytest.raises(PairsError):
            read_pairs(drawn.parent / "pairs.tsv", drawn)
    with pytest.raises(PairsError):
        read_pairs(drawn.parent / "absent.tsv", drawn)


def test_a_file_that_is_no_picture_and_a_list_too_short_are_refused(drawn: Path) -> None:
    (drawn / "one" / "broken.png").write_bytes(b"\x89PNG no picture")
    code, told, said = report(listing(drawn, *four(drawn), "one/0_a.png\tone/broken.png\t0"), drawn)
    assert (code, told) == (1, {})
    assert "cannot be read" in said
    code, told, said = report(listing(drawn, "one/0_a.png\tone/0_b.jpg\t1"), drawn)
    assert (code, told) == (1, {})
    assert "too few" in said


@pytest.mark.parametrize("name", ["gate.db", "keyring.json", "0001.12.ref", "leases.snapshot"])
@pytest.mark.parametrize("place", ["", "one"])
def test_a_store_of_a_gate_is_refused(drawn: Path, name: str, place: str) -> None:
    (drawn / place / name).write_bytes(b"sealed")
    code, told, said = report(listing(drawn, *four(drawn)), drawn)
    assert (code, told) == (1, {})
    assert "门口机" in said


@pytest.mark.parametrize(
    "place", ["var/lib/equalgate-face", "var/lib/equalgate/x", "a/.equalgate/b"]
)
def test_folders_of_a_store_are_refused_by_name_as_well(tmp_path: Path, place: str) -> None:
    (tmp_path / place).mkdir(parents=True)
    with pytest.raises(PairsError):
        refuse_store(tmp_path / place)
    (tmp_path / "link").symlink_to(tmp_path / place)
    with pytest.raises(PairsError):
        refuse_store(tmp_path / "link")


def test_without_models_it_says_what_to_run(drawn: Path, tmp_path: Path) -> None:
    err = io.StringIO()
    absent = tmp_path / "nothing"
    absent.mkdir()
    assert face_report(listing(drawn, *four(drawn)), drawn, absent, io.StringIO(), err) == 1
    assert "equalgate models install" in err.getvalue()


def test_nothing_is_written_anywhere(drawn: Path) -> None:
    pairs = listing(drawn, *four(drawn))
    before = {path: path.read_bytes() for path in drawn.parent.rglob("*") if path.is_file()}
    report(pairs, drawn)
    after = {path: path.read_bytes() for path in drawn.parent.rglob("*") if path.is_file()}
    assert after == before


def test_the_command_measures_real_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entries = json.loads((faces_folder() / "MANIFEST.json").read_text())
    # The large ones cost seconds of decoding and show the same people.
    single = [e for e in entries if e["main_faces"] == 1 and e["people"] and e["bytes"] < 1_000_000]
    lines = [
        f"{a['file']}\t{b['file']}\t{int(a['people'] == b['people'])}\n"
        for a, b in itertools.combinations(single, 2)
    ]
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("".join(lines))
    arguments = ["--pairs", str(pairs), "--images", str(faces_folder())]
    assert main(["edge", "face-report", *arguments, "--models", str(models_folder())]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["pairs"] == len(lines) > 40
    assert told["accuracy"] >= 0.99
    assert told["not_detected"] == 0
    assert told["eer"] <= 0.01
