"""The lock of a cache folder, held across processes and dropped with its holder."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from genlab_widgets.errors import WorkspaceUnusable
from genlab_widgets.training.locking import exclusive, scratch

HOLDER = """
import pathlib, sys, time
from genlab_widgets.training.locking import exclusive
with exclusive(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""
COUNTER = """
import pathlib, sys
from genlab_widgets.training.locking import exclusive
folder = pathlib.Path(sys.argv[1])
for _ in range(100):
    with exclusive(folder):
        counter = folder / "counter"
        counter.write_text(str(int(counter.read_text()) + 1))
"""


def start(code: str, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, str(folder)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def waiting(folder: Path, got: threading.Event) -> threading.Thread:
    def take() -> None:
        with exclusive(folder):
            got.set()

    thread = threading.Thread(target=take)
    thread.start()
    return thread


@pytest.mark.parametrize("killed", [False, True])
def test_another_process_waits_until_the_holder_is_done_or_dead(tmp_path: Path, killed: bool) -> None:
    with start(HOLDER, tmp_path / "cache") as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        got = threading.Event()
        thread = waiting(tmp_path / "cache", got)
        assert not got.wait(0.3)
        if killed:
            holder.kill()
        else:
            assert holder.stdin is not None
            holder.stdin.write("\n")
            holder.stdin.flush()
        assert got.wait(10)
        thread.join()


def test_two_processes_never_write_at_once(tmp_path: Path) -> None:
    (tmp_path / "counter").write_text("0")
    with start(COUNTER, tmp_path) as one, start(COUNTER, tmp_path) as two:
        assert (one.wait(60), two.wait(60)) == (0, 0)
    assert (tmp_path / "counter").read_text() == "200"


def test_threads_wait_for_each_other_and_an_error_frees_the_lock(tmp_path: Path) -> None:
    got = threading.Event()
    with pytest.raises(RuntimeError), exclusive(tmp_path):
        thread = waiting(tmp_path, got)
        time.sleep(0.1)
        assert not got.is_set()
        raise RuntimeError
    assert got.wait(10)
    thread.join()


def test_an_unusable_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkspaceUnusable) as caught, exclusive(tmp_path / "file" / "cache"):
        pass
    assert "GENLAB_CACHE" in caught.value.next_step
    assert caught.value.details["path"] == str(tmp_path / "file" / "cache")


def test_scratch_names_lie_beside_their_target(tmp_path: Path) -> None:
    found = scratch(tmp_path / "model.onnx")
    assert found.parent == tmp_path
    assert found.name.startswith(".model.onnx.")
    assert found != tmp_path / "model.onnx"
