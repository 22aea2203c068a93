"""Receives files from the browser in pieces, onto disk."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import traitlets

from genlab_widgets.errors import BadInput, GenlabError, NotEnoughResources
from genlab_widgets.widgets.parts.part import Part, script

LIMIT = 200 * 2**20
"""Bytes: more than this is quicker and safer read from its path."""
_LONGEST = 200
"""Bytes of a file name before its ending: file systems take 255."""


class Upload(Part):
    """A file field and a drop zone. Each piece is acknowledged before the next one comes."""

    _esm = script("upload")
    label = traitlets.Unicode().tag(sync=True)
    hint = traitlets.Unicode().tag(sync=True)
    accept = traitlets.Unicode().tag(sync=True)
    limit = traitlets.Int(LIMIT).tag(sync=True)
    several = traitlets.Bool(False).tag(sync=True)
    disabled = traitlets.Bool(False).tag(sync=True)

    def __init__(self, arrived: Callable[..., None], **traits: Any) -> None:
        """Args:
        arrived: Called with the files (``several``: those that were chosen at once) when they are complete; they go
            when it returns.
        **traits: Initial values.
        """
        super().__init__(**traits)
        self._arrived = arrived
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._files: list[Path] = []
        self.on("piece", self._piece)

    def _piece(
        self, name: str, first: bool, last: bool, file: int = 0, files: int = 1, buffers: list[Any] | None = None
    ) -> None:
        """Takes a piece: the first or last of a file, which is one of so many. The view waits for an answer to each."""
        try:
            self._store(name, first, file, buffers or [])
        except (OSError, GenlabError) as error:
            self._close()
            told = error if isinstance(error, GenlabError) else _no_room(error)
            self.send({"event": "failed", "message": f"{name} was not uploaded. {told}"})
            return
        if not last or file + 1 < files:
            self.send({"event": "next"})
            return
        self.send({"event": "done"})
        try:
            self._arrived(*self._files)
        finally:
            self._close()

    def _store(self, name: str, first: bool, file: int, buffers: list[Any]) -> None:
        if first and file == 0:
            self._close()
            self._folder = tempfile.TemporaryDirectory(prefix="genlab-upload-", ignore_cleanup_errors=True)
        if self._folder is None or (not first and not self._files):
            raise BadInput("Its beginning is missing.", "", "Choose it again.")
        if first:
            self._files.append(Path(self._folder.name) / _safe(name))
            if self._files[-1].exists():
                raise BadInput("Another file has the same name.", "", "Choose one of them.")
        with self._files[-1].open("ab") as out:
            for buffer in buffers:
                out.write(buffer)
        if sum(path.stat().st_size for path in self._files) > self.limit:
            raise BadInput("It is too large to upload.", "", "Give its path instead.")

    def _close(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()
        self._folder, self._files = None, []


def _no_room(error: OSError) -> NotEnoughResources:
    return NotEnoughResources(
        f"It cannot be stored in {tempfile.gettempdir()}.",
        f"{error.strerror or error}.",
        "Free space there and choose it again, or give its path.",
    )


def _safe(name: str) -> str:
    """Returns a name that a file can have, in any script: an export without a name of its own is called after it."""
    last = re.sub(r'[\x00-\x1f\x7f<>:"|?*]+', "_", re.split(r"[/\\]", name)[-1]).strip(". ")
    stem, ending = (last[: -len(suffix)], suffix) if (suffix := Path(last).suffix[:20]) else (last, "")
    return (stem.encode(errors="replace")[:_LONGEST].decode(errors="ignore") or "upload") + ending
