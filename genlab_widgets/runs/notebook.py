"""Runs a training's notebook with papermill, and makes what it leaves truthful.

papermill saves by truncating the file, and after the kernel was killed it marks every cell completed. So each save
goes through a handler that publishes the file whole, and the end of the run is written into it afterwards.
"""

from __future__ import annotations

import html
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from genlab_widgets.runs import outputs
from genlab_widgets.settings import template
from genlab_widgets.training.runfolder import RunFolder, publish_text
from genlab_widgets.training.spec import TrainingSpec

AUTOSAVE_SECONDS = 30
IOPUB_SECONDS = 60
"""How long the outputs of a cell that ended may be on their way; the default of 4 s fails on a busy machine."""
_NOTE_TAG = "papermill-error-cell-tag"
"""papermill removes cells with this tag before it executes a notebook again."""


def execute(folder: RunFolder, spec: TrainingSpec) -> None:
    """Executes the template of a kind of training; the notebook is published at each cell, also when this raises.

    Args:
        folder: The run's folder. What the kernel and its JVM write to stderr is appended to its log; what they print
            stands in the notebook; of both only the first part is kept (:mod:`genlab_widgets.runs.outputs`).
        spec: Its fields are the notebook's parameters.

    Raises:
        Exception: What papermill or the kernel raised.
    """
    # jsonschema loads a grammar of internationalized addresses when it is there: half of papermill's import time, for
    # a format that no notebook has.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    import papermill

    _publish_saves(folder)
    outputs.register_engine()
    with folder.log.open("a", encoding="utf-8", errors="replace") as log, outputs.StderrPump(folder.log) as below:
        papermill.execute_notebook(
            _literal(template(f"train_{spec.kind}")),
            _literal(folder.notebook),
            spec.parameters(),
            engine_name=outputs.ENGINE,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            log_output=False,
            stderr_file=log,
            cwd=str(folder.path),
            autosave_cell_every=AUTOSAVE_SECONDS,
            kernel_manager_class=_kernel_manager(below.target),
            iopub_timeout=IOPUB_SECONDS,
        )


def stamp(folder: RunFolder, status: str, reason: str, message: str) -> None:
    """Writes how the run ended into its notebook: metadata, the cells' states and, for all but success, a last cell.

    Raises:
        Exception: The notebook is damaged, in whatever way, or cannot be written; it stays as it is.
    """
    import nbformat

    if not folder.notebook.exists():
        return
    notebook = nbformat.reads(folder.notebook.read_text(encoding="utf-8"), as_version=4)
    notebook.metadata["genlab"] = {
        "run_id": folder.path.name,
        "status": status,
        "reason": reason,
        "message": message,
    }
    if status != "COMPLETED":
        _correct(notebook)
        note = nbformat.v4.new_markdown_cell(f"**{status}**: {html.escape(message)}")
        note.metadata["tags"] = [_NOTE_TAG]
        notebook.cells.append(note)
    publish_text(folder.notebook, nbformat.writes(notebook))


def _correct(notebook: Any) -> None:
    """Marks cells that never ran as pending, and the one that ran last as failed."""
    record = notebook.metadata.setdefault("papermill", {})
    record["exception"] = True
    record["end_time"] = record.get("end_time") or datetime.now(UTC).isoformat()
    marks = [cell.metadata["papermill"] for cell in notebook.cells if "papermill" in cell.metadata]
    for mark in marks:
        if mark.get("start_time") is None:
            mark["status"] = "pending"
    started = [mark for mark in marks if mark.get("start_time") is not None]
    if started and not any(mark.get("status") == "failed" for mark in marks):
        started[-1].update(status="failed", exception=True)


def _literal(path: Path) -> str:
    """Protects a path from ``str.format``, through which papermill sends it."""
    return str(path.absolute()).replace("{", "{{").replace("}", "}}")


def _publish_saves(folder: RunFolder) -> None:
    """Makes papermill, in this process, publish whole what it saves into the folder."""
    from papermill.iorw import LocalHandler, papermill_io

    class Published(LocalHandler):  # type: ignore[misc]
        def write(self, text: str, path: str) -> None:
            publish_text(Path(path), text, durable=False)

    papermill_io.register(str(folder.path.absolute()), Published())


def _kernel_manager(stderr: int) -> type:
    """Returns a manager whose kernel is this very interpreter: a kernelspec ``python3`` may name another one.

    Its own stderr goes to the log, too: what it writes before it catches its output, or when it dies. Its stdout does
    not: ipykernel copies there what the notebook shows.
    """
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = KernelSpec(argv=command, display_name="Python 3", language="python")

    class ThisInterpreter(AsyncKernelManager):  # type: ignore[misc]
        @property
        def kernel_spec(self) -> KernelSpec:
            return spec

        async def start_kernel(self, **options: Any) -> None:
            await self._async_start_kernel(**{"stdout": subprocess.DEVNULL, "stderr": stderr, **options})

    return ThisInterpreter
