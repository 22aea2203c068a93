"""Which folder a project has: a plain name for files, run ids and models, and the name that its people gave it beside.

Run ids, models and Spark's paths begin with the folder's name, and Java reads file names in the locale's encoding: in
a container without one, anything but ASCII is lost. So folders stay ASCII, two names that are alike there get a
number, and ``project.json`` keeps the name as it was given.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from genlab_widgets.errors import BadInput
from genlab_widgets.projects.store import ORIGINAL, Project

LONGEST = 80
_NAMELESS = "project"


def safe_name(name: str) -> str:
    """Returns a project name that is safe as a folder and in model names: ``[A-Za-z0-9_.-]``, at most 80."""
    cleaned = re.sub(r"[^A-Za-z0-9_.-]+", "_", name).strip("._-")[:LONGEST]
    return cleaned or _NAMELESS


def place(root: Path, named: str | None, own: str) -> tuple[Path, str]:
    """Returns the folder that an import goes to, and the project's name as its people write it.

    Args:
        root: The folder of all projects.
        named: What the user calls the project; also the name under which a project is listed, then that one is meant.
        own: The export's own name, for where the user gave none.
    """
    names = {path.name: _original(path) for path in root.iterdir() if path.is_dir() and path.name[0] != "."}
    if named in names:
        return root / named, names[named] or named
    wanted = named or own
    known = next((folder for folder, original in sorted(names.items()) if _same(folder, original, wanted)), None)
    return (root / known if known is not None else next(_free(root, wanted))), wanted


def _original(folder: Path) -> str | None:
    """Returns the name that a project was given; None for one that does not say, or is damaged."""
    about: dict[str, Any] = {}
    with contextlib.suppress(BadInput):
        about = Project(folder).about
    return str(about[ORIGINAL]) if about.get(ORIGINAL) else None


def _same(folder: str, original: str | None, wanted: str) -> bool:
    """Tells whether a folder holds the project of a name; older imports say no more than their folder does."""
    if original is not None:
        return original == wanted
    return folder == wanted or folder == safe_name(wanted) != _NAMELESS


def _free(root: Path, wanted: str) -> Iterator[Path]:
    """Yields folders that are not there yet, also where the file system takes ``Ward`` and ``ward`` for one."""
    base = safe_name(wanted)
    for number in count(1):
        suffix = f"_{number}" if number > 1 else ""
        folder = root / f"{base[: LONGEST - len(suffix)]}{suffix}"
        if not folder.exists():
            yield folder
