"""A script that prints without end fills neither memory nor disk; what went wrong stays in notebook and log."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from genlab_widgets.runs import outputs
from genlab_widgets.runs.outputs import KEPT_BYTES, MORE, Cap, StderrPump
from genlab_widgets.runs.states import Status
from tests.runs.conftest import BEGIN, Workplace

FLOOD = """
import os, sys
line = "a line that nobody reads " * 40
for number in range(8_000):
    print(number, line)
    print(number, line, file=sys.stderr)
    os.write(2, f"{number} {line}\\n".encode())
"""


def message(text: str, kind: str = "stream") -> dict[str, Any]:
    content = {"name": "stdout", "text": text} if kind == "stream" else {"data": {"text/plain": text}, "metadata": {}}
    return {"msg_type": kind, "header": {"msg_type": kind}, "content": content}


def test_all_is_kept_up_to_the_cap_then_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "KEPT_BYTES", 10)
    cap = Cap()
    assert cap.of(message("12345"), 0) == message("12345")
    kept = cap.of(message("678ä12"), 0)
    assert kept is not None
    assert kept["content"] == {"name": "stdout", "text": f"678ä{MORE}"}  # ten bytes
    assert [cap.of(message("more"), 0) for _ in range(3)] == [None] * 3
    assert cap.of(message("other cell"), 1) == message("other cell")


def test_a_cap_that_is_met_exactly_says_nothing_until_more_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "KEPT_BYTES", 5)
    cap = Cap()
    assert cap.of(message("12345"), 0) == message("12345")
    kept = cap.of(message("6"), 0)
    assert kept is not None
    assert kept["content"]["text"] == MORE


def test_a_figure_that_is_too_much_is_left_out_and_an_error_never(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "KEPT_BYTES", 200)
    cap = Cap()
    assert cap.of(message("small", "display_data"), 0) == message("small", "display_data")
    kept = cap.of(message("x" * 300, "display_data"), 0)
    assert kept is not None
    assert (kept["msg_type"], kept["content"]) == ("stream", {"name": "stdout", "text": MORE})
    error = {"msg_type": "error", "header": {"msg_type": "error"}, "content": {"ename": "E", "traceback": ["x" * 999]}}
    assert cap.of(error, 0) == error


def test_what_processes_write_to_stderr_is_capped_and_nobody_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outputs, "KEPT_BYTES", 100_000)
    log = tmp_path / "training.log"
    log.write_text("begins\n")
    code = "import os\nfor _ in range(100): os.write(2, b'x' * 10_000)"
    with StderrPump(log) as pump:
        done = subprocess.run([sys.executable, "-c", code], stderr=pump.target, timeout=60, check=False)
    assert done.returncode == 0
    assert log.read_text() == f"begins\n{'x' * 100_000}{MORE}"


def test_the_pump_ends_although_a_process_keeps_its_end(tmp_path: Path) -> None:
    with StderrPump(tmp_path / "log") as pump:
        kept = os.dup(pump.target)
    os.close(kept)
    pump.join(timeout=10)
    assert not pump.is_alive()


@pytest.mark.process
def test_a_run_that_floods_its_output_completes_or_fails_with_its_reason(workplace: Workplace) -> None:
    workplace.template(FLOOD, BEGIN + "print('the next cell'); raise ValueError('the reason')")

    row = workplace.wait(workplace.submit().id, seconds=120)

    assert row.status is Status.FAILED
    assert "the reason" in row.message
    cells = workplace.notebook(row)["cells"]
    printed = [output for cell in cells for output in cell.get("outputs", ())]
    assert sum(MORE.strip() in "".join(output.get("text", "")) for output in printed) == 1
    assert any("the next cell" in "".join(output.get("text", "")) for output in printed)
    folder = workplace.folder(row)
    assert folder.notebook.stat().st_size < 1.2 * KEPT_BYTES + 100_000
    log = folder.log.read_text(errors="replace")
    assert len(log) < 2 * KEPT_BYTES + 100_000
    assert "ValueError: the reason" in log[-20_000:]
