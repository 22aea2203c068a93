"""The log of a run, read while it grows, and everything about a run in one zip."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import uuid
import zipfile
from pathlib import Path
from typing import IO

from genlab_widgets.errors import WorkspaceUnusable
from genlab_widgets.training.runfolder import RunFolder

LIMIT = 256 * 1024
"""Bytes that one read returns at most."""
_LONGEST_CHARACTER = 4


def read(folder: RunFolder, offset: int = 0, limit: int = LIMIT) -> tuple[str, int]:
    """Returns the next piece of a run's log.

    Args:
        folder: The run's folder.
        offset: Byte at which to begin: 0, or what the last call returned.
        limit: Bytes to read at most.

    Returns:
        The text, and the byte after it. A character that is not complete yet comes with the next piece; bytes that
        are no UTF-8 show as U+FFFD. Without a log the text is empty.

    Raises:
        WorkspaceUnusable: The log cannot be read.
    """
    try:
        with folder.log.open("rb") as log:
            log.seek(max(0, offset))
            piece = log.read(max(limit, _LONGEST_CHARACTER))
    except FileNotFoundError:
        return "", max(0, offset)
    except OSError as error:
        raise _unreadable(folder.log, error) from error
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(piece)
    begun, _ = decoder.getstate()
    return text, max(0, offset) + len(piece) - len(begun)


def tail(folder: RunFolder, limit: int = LIMIT) -> tuple[str, int]:
    """Returns the last whole lines of a run's log within ``limit`` bytes, and the byte after them.

    Raises:
        WorkspaceUnusable: The log cannot be read.
    """
    try:
        size = folder.log.stat().st_size
    except FileNotFoundError:
        return "", 0
    except OSError as error:
        raise _unreadable(folder.log, error) from error
    if size <= limit:
        return read(folder, 0, limit)
    text, offset = read(folder, size - limit, limit)
    _, newline, rest = text.partition("\n")
    return (rest if newline else text), offset


def bundle(folder: RunFolder, target: Path) -> Path:
    """Writes what there is to read about a run into one zip: log, notebook, spec, result, metrics and failure.

    With them come the training script that it ran and the pages of its test tasks (boxes, no pictures), if it has any.

    Args:
        folder: The run's folder.
        target: The zip, or a folder for ``<run id>-logs.zip``.

    Returns:
        The zip.

    Raises:
        WorkspaceUnusable: The zip cannot be written.
    """
    target = Path(target)
    try:
        if target.is_dir():
            target = target / f"{folder.path.name}-logs.zip"
        _write_whole(folder, target)
    except OSError as error:
        raise WorkspaceUnusable(
            f"{target} cannot be written.",
            f"The system says: {error.strerror or error}.",
            "Choose a folder that you may write, or free some space.",
            path=str(target),
        ) from error
    return target


def _write_whole(folder: RunFolder, target: Path) -> None:
    scratch = target.with_name(f".{target.name}-{uuid.uuid4().hex[:8]}")
    try:
        with scratch.open("wb") as out:
            _write(folder, out)
        os.replace(scratch, target)
    except OSError:
        with contextlib.suppress(OSError):  # there may be no such place at all
            scratch.unlink(missing_ok=True)
        raise


def bundle_bytes(folder: RunFolder) -> bytes:
    """Returns the zip of :func:`bundle` as bytes, for a browser's download."""
    out = io.BytesIO()
    _write(folder, out)
    return out.getvalue()


def _write(folder: RunFolder, out: IO[bytes]) -> None:
    told = (folder.log, folder.notebook, folder.spec, folder.result, folder.metrics, folder.failure)
    names = (*told, folder.script, folder.script_notebook, folder.pages)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        for path in names:
            if path.is_file():
                archive.write(path, path.name)


def _unreadable(path: Path, error: OSError) -> WorkspaceUnusable:
    return WorkspaceUnusable(
        f"{path.name} cannot be read.",
        f"The system says: {error.strerror or error}.",
        "Give read permission on the workspace folder, or set GENLAB_HOME to another one.",
        path=str(path),
    )
