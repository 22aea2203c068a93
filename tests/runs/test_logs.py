from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from genlab_widgets.errors import WorkspaceUnusable
from genlab_widgets.runs import logs
from genlab_widgets.training.runfolder import RunFolder


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "notes-0001").create()


def test_a_run_without_a_log_has_no_text(folder: RunFolder) -> None:
    assert logs.read(folder) == ("", 0)
    assert logs.read(folder, 7) == ("", 7)
    assert logs.tail(folder) == ("", 0)
    assert logs.read(RunFolder(folder.path / "absent")) == ("", 0)


def test_offsets_are_bytes_and_the_pieces_are_the_whole(folder: RunFolder) -> None:
    text = "Épöche 1 😀 日本語\r\n" * 50
    folder.log.write_bytes(text.encode())

    for limit in (1, 4, 5, 6, 7, 100, logs.LIMIT):
        pieces, offset = [], 0
        while True:
            piece, following = logs.read(folder, offset, limit)
            if not piece:
                break
            assert following > offset
            assert len(text.encode()[offset:following]) == len(piece.encode())
            pieces.append(piece)
            offset = following
        assert "".join(pieces) == text
        assert offset == len(text.encode())


def test_a_character_that_is_still_being_written_comes_with_the_next_piece(folder: RunFolder) -> None:
    smile = "😀".encode()
    folder.log.write_bytes(b"a" + smile[:2])

    assert logs.read(folder) == ("a", 1)
    with folder.log.open("ab") as log:
        log.write(smile[2:] + b"b")
    assert logs.read(folder, 1) == ("😀b", 6)


def test_bytes_that_are_no_text_are_replaced(folder: RunFolder) -> None:
    folder.log.write_bytes(b"a\xff\xfeb\x00c")

    assert logs.read(folder) == ("a\ufffd\ufffdb\x00c", 6)


def test_the_tail_begins_with_a_whole_line(folder: RunFolder) -> None:
    folder.log.write_text("first ä\nsecond\nthird\n", encoding="utf-8")

    assert logs.tail(folder, 16) == ("second\nthird\n", 22)
    assert logs.tail(folder) == ("first ä\nsecond\nthird\n", 22)


def test_a_log_that_cannot_be_read_says_why(folder: RunFolder) -> None:
    folder.log.mkdir()

    with pytest.raises(WorkspaceUnusable, match=r"training\.log cannot be read"):
        logs.read(folder)


def test_the_bundle_holds_what_is_there(folder: RunFolder, tmp_path: Path) -> None:
    folder.log.write_text("Epoch 1\n")
    folder.spec.write_text("{}")
    folder.script.write_text("def train(): ...\n")
    folder.pages.write_text("[]\n")
    folder.dataset.mkdir()

    target = logs.bundle(folder, tmp_path)

    assert target == tmp_path / "notes-0001-logs.zip"
    for content in (target, io.BytesIO(logs.bundle_bytes(folder))):
        with zipfile.ZipFile(content) as archive:
            assert archive.testzip() is None
            assert sorted(archive.namelist()) == ["custom_script.py", "pages.json", "spec.json", "training.log"]
            assert archive.read("training.log") == b"Epoch 1\n"
    assert logs.bundle(folder, tmp_path / "mine.zip") == tmp_path / "mine.zip"


@pytest.mark.parametrize(
    "place", ["absent/logs.zip", "notes-0001/spec.json/logs.zip", f"{'n' * 245}.zip", f"{'n' * 300}.zip"]
)
def test_a_bundle_that_cannot_be_written_leaves_nothing(folder: RunFolder, tmp_path: Path, place: str) -> None:
    folder.spec.write_text("{}")
    with pytest.raises(WorkspaceUnusable, match="cannot be written"):
        logs.bundle(folder, tmp_path / place)

    assert [path.name for path in tmp_path.iterdir()] == ["notes-0001"]
