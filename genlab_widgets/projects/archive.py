"""Unpacking of zips that strangers made: every entry is checked before a byte is written."""

from __future__ import annotations

import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from genlab_widgets.errors import UnsafeArchive

MAX_TOTAL = 4 * 1024**3
MAX_ENTRIES = 100_000
MAX_RATIO = 100
RATIO_FLOOR = 10 * 1024**2
"""Small files compress well without being bombs: the ratio counts from this many unpacked bytes on."""
MAX_NAME = 255
"""Bytes of a file name that every file system takes."""
_CHUNK = 1024 * 1024
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError, ValueError, OSError,
    OverflowError, struct.error,
)  # fmt: skip
"""What zipfile raises for archives that break its format."""


def unpack(source: Path, target: Path) -> None:
    """Unpacks a zip into a new folder.

    Raises:
        UnsafeArchive: Not a zip, encrypted, damaged, too large, or an entry leaves the folder; ``details["entry"]``.
    """
    try:
        opened = zipfile.ZipFile(source)
    except _DAMAGE as error:
        raise _refused(source.name, f"it is no zip, or a damaged one: {error}") from error
    with opened:
        entries = [info for info in opened.infolist() if not info.filename.endswith("/")]
        places = _checked(entries)
        target.mkdir(parents=True)
        total = 0
        for info, place in zip(entries, places, strict=True):
            total = _extract(opened, info, target / place, total)


def _checked(entries: list[zipfile.ZipInfo]) -> list[PurePosixPath]:
    if len(entries) > MAX_ENTRIES:
        raise _refused("the archive", f"it has {len(entries):,} entries, {MAX_ENTRIES:,} are allowed")
    places = [_place(info) for info in entries]
    folded: set[str] = set()
    for place in places:
        if str(place).casefold() in folded:
            raise _refused(str(place), "the name stands twice")
        folded.add(str(place).casefold())
    for place in places:
        if any(str(parent).casefold() in folded for parent in place.parents):
            raise _refused(str(place), "one of its folders is a file of the archive")
    return places


def _place(info: zipfile.ZipInfo) -> PurePosixPath:
    """Returns the entry's place below the target, judged by its path components."""
    name = info.filename
    parts = PurePosixPath(name).parts
    if "\\" in info.orig_filename or ":" in name or "\0" in info.orig_filename or name.startswith("/") or ".." in parts:
        raise _refused(name, "its name leads outside the archive's folder")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise _refused(name, "it is a link or a device, not a file")
    if info.flag_bits & 0x1:
        raise _refused(name, "it is encrypted")
    if not parts or any(len(part.encode()) > MAX_NAME for part in parts):
        raise _refused(name[:80], "its name is empty or too long")
    return PurePosixPath(*parts)


def _extract(opened: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, total: int) -> int:
    """Writes one entry, counting the bytes that really come; returns the new total."""
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with target.open("xb") as out:
        for chunk in _chunks(opened, info):
            written += len(chunk)
            if total + written > MAX_TOTAL:
                raise _refused(info.filename, f"the archive unpacks to over {MAX_TOTAL // 1024**3} GiB")
            if written > RATIO_FLOOR and written > MAX_RATIO * max(info.compress_size, 1):
                raise _refused(info.filename, f"it unpacks to over {MAX_RATIO} times its size")
            out.write(chunk)
    return total + written


def _chunks(opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """Reads one entry; the checksum is compared with its last chunk."""
    try:
        with opened.open(info) as source:
            while chunk := source.read(_CHUNK):
                yield chunk
    except _DAMAGE as error:
        raise _refused(info.filename, f"it is damaged: {error}") from error


def _refused(entry: str, why: str) -> UnsafeArchive:
    return UnsafeArchive(
        "The archive cannot be imported.",
        f"{entry}: {why}.",
        "Make the export again; nothing was imported.",
        entry=entry,
    )
