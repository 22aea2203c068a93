"""Folders by names that Spark can read."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

_PATTERN_SIGNS = re.compile(r"[{}\[\]*?\\,:]")
"""Spark takes a path that it reads for a pattern and some settings for lists; there these signs are not themselves."""


def address(path: Path) -> str:
    """Returns a path of this machine for Spark to read, whatever its default file system is; blanks stay blanks."""
    return f"file:///{path.absolute().as_posix().lstrip('/')}"


def escaped(path: str) -> str:
    """Returns a path for ``SparkContext.addFile``, which alone wants signs of a local path escaped."""
    own = re.match(r"(?:file:/*)?(/.*|[A-Za-z]:/.*)", path)
    return Path(own[1]).as_uri() if own else path


class Place:
    """A folder by its own name, or by a link to it where Spark would take its name for a pattern.

    Args:
        folder: The folder; it must exist when the place is used.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder.absolute()
        self._made: Path | None = None
        if _PATTERN_SIGNS.search(str(self.path)):
            self._made = Path(tempfile.mkdtemp(prefix="genlab-"))
            (self._made / "run").symlink_to(self.path, target_is_directory=True)
            self.path = self._made / "run"

    def close(self) -> None:
        """Removes the link; the folder stays."""
        if self._made is not None:
            shutil.rmtree(self._made, ignore_errors=True)
            self._made = None
