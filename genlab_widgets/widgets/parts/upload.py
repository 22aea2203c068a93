"""Receives a file from the browser in pieces, onto disk."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import traitlets

from genlab_widgets.errors import BadInput
from genlab_widgets.widgets.parts.part import Part, script

LIMIT = 200 * 2**20
"""Bytes: more than this is quicker and safer read from its path."""


class Upload(Part):
    """A file field and a drop zone. Each piece is acknowledged before the next one comes."""

    _esm = script("upload")
    label = traitlets.Unicode().tag(sync=True)
    hint = traitlets.Unicode().tag(sync=True)
    accept = traitlets.Unicode().tag(sync=True)
    limit = traitlets.Int(LIMIT).tag(sync=True)
    disabled = traitlets.Bool(False).tag(sync=True)

    def __init__(self, arrived: Callable[[Path], None], **traits: Any) -> None:
        """Args:
        arrived: Called with the file once it is complete; the file goes when it returns.
        **traits: Initial values.
        """
        super().__init__(**traits)
        self._arrived = arrived
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._target: Path | None = None
        self.on("piece", self._piece)

    def _piece(self, name: str, first: bool, last: bool, buffers: list[Any] | None = None) -> None:
        if first or self._target is None:
            self._close()
            self._folder = tempfile.TemporaryDirectory(prefix="genlab-upload-")
            self._target = Path(self._folder.name) / _safe(name)
        with self._target.open("ab") as out:
            for buffer in buffers or ():
                out.write(buffer)
        if self._target.stat().st_size > self.limit:
            self._close()
            raise BadInput("The file is too large to upload.", "", "Give its path instead.")
        if not last:
            self.send({"event": "next"})
            return
        target = self._target
        try:
            self._arrived(target)
        finally:
            self._close()

    def _close(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()
        self._folder = self._target = None


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", Path(name).name).strip(".") or "upload"
