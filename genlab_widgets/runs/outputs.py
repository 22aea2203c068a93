"""What a run prints, as far as it is kept: a script that prints without end fills neither memory nor disk.

Notebook and log keep the first part of what each cell prints, and one line that says so; errors are always kept.
"""

from __future__ import annotations

import json
import os
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

KEPT_BYTES = 2_000_000
"""What is kept of one cell, and in the log of what the kernel's processes write past the notebook: our own notebooks
have some 200 KB, with their figures."""
MORE = f"\n[More was printed here. The first {KEPT_BYTES // 1_000_000} MB are kept.]\n"
ENGINE = "genlab"
"""Name under which papermill knows what :func:`register_engine` registers."""


def register_engine() -> None:
    """Makes papermill, in this process, keep no more than :data:`KEPT_BYTES` of what a cell puts out."""
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine, papermill_engines
    from papermill.log import logger

    class Client(PapermillNotebookClient):  # type: ignore[misc]
        def __init__(self, *given: Any, **options: Any) -> None:
            super().__init__(*given, **options)
            self._cap = Cap()

        def output(self, outs: Any, msg: dict[str, Any], display_id: str | None, cell_index: int) -> Any:
            kept = self._cap.of(msg, cell_index)
            return None if kept is None else super().output(outs, kept, display_id, cell_index)

    class Engine(NBClientEngine):  # type: ignore[misc]
        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
            taken = ("log_output", "stderr_file", "kernel_manager_class", "iopub_timeout")
            named = {name: options[name] for name in taken}
            timeout = options["start_timeout"]
            return Client(nb_man, kernel_name=kernel_name, startup_timeout=timeout, log=logger, **named).execute()

    papermill_engines.register(ENGINE, Engine)


class Cap:
    """Counts what the cells of one notebook put out."""

    def __init__(self) -> None:
        self._left: dict[int, int] = defaultdict(lambda: KEPT_BYTES)

    def of(self, message: dict[str, Any], cell: int) -> dict[str, Any] | None:
        """Returns what is kept of an output of a cell: all of it, its beginning with :data:`MORE`, or None."""
        if message["msg_type"] == "error":
            return message
        left, content = self._left[cell], message["content"]
        if left < 0:
            return None
        is_text = message["msg_type"] == "stream"
        put = (content["text"] if is_text else json.dumps(content, default=str)).encode(errors="replace")
        self._left[cell] = left - len(put)
        if len(put) <= left:
            return message
        begun = put[:left].decode(errors="ignore") if is_text else ""
        told = {"name": content.get("name", "stdout"), "text": begun + MORE}
        return {**message, "msg_type": "stream", "header": {**message["header"], "msg_type": "stream"}, "content": told}


class StderrPump(threading.Thread):
    """Carries what processes write to their stderr into a log, as far as it is kept.

    Attributes:
        target: What the processes get as their stderr.
    """

    def __init__(self, log: Path) -> None:
        super().__init__(name="stderr-pump", daemon=True)
        self._source, self.target = os.pipe()
        self._log = log

    def __enter__(self) -> StderrPump:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.target)
        self.join(timeout=0.5)  # a process that stayed behind may still hold its end

    def run(self) -> None:
        """Reads until the last process closed its end; what is too much is read all the same, so that nobody waits."""
        left = KEPT_BYTES
        with open(self._source, "rb", buffering=0) as source, self._log.open("ab", buffering=0) as log:
            while piece := source.read(65_536):
                if left >= 0:
                    left -= len(piece)
                    _write(log, piece if left >= 0 else piece[:left] + MORE.encode())


def _write(log: Any, piece: bytes) -> None:
    try:
        log.write(piece)
    except OSError:  # a full disk: those who write must not wait for it
        return
