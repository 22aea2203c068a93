"""A project's training script: who uploaded it and when, and every earlier one.

It lies beside the project's other files: ``training_scripts/<sha256>.py`` or ``.ipynb``, and a record a change, which
is only ever added. The last record decides: an upload is the project's script, a removal brings the default back.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from genlab_widgets.errors import BadInput, BadTrainingScript, NotFound
from genlab_widgets.projects import script_source
from genlab_widgets.projects.script_source import NOTEBOOK, PYTHON, Cell
from genlab_widgets.projects.store import publish, unusable

FOLDER = "training_scripts"
COPY = "custom_script"
"""Name, without ending, of the copy that a run's folder gets."""
_SHOWN, _SHORTEST = 12, 8
"""Characters of a hash that a reference has, and that tell a script."""
_MOMENT = "%Y%m%dT%H%M%S.%f"


@dataclass(frozen=True)
class Script:
    """One upload.

    Attributes:
        name: File name, safe as part of a setting.
        hash: SHA-256 (hex) of the file as it was uploaded.
        author: Who uploaded it.
        uploaded_at: When, ISO 8601 in UTC.
    """

    name: str
    hash: str
    author: str
    uploaded_at: str

    @property
    def reference(self) -> str:
        """What the setting ``custom_script`` holds: name and the first characters of the hash."""
        return f"{self.name}@{self.hash[:_SHOWN]}"

    @property
    def suffix(self) -> str:
        """``.py`` or ``.ipynb``."""
        return Path(self.name).suffix

    @property
    def title(self) -> str:
        """Name, author and day of the upload, for people."""
        return f"{self.name} ({self.author}, {self.uploaded_at[:10]})"

    def named_by(self, wanted: str) -> bool:
        """Tells whether ``name@hash``, a name or the beginning of a hash means this script."""
        name, at, digest = wanted.rpartition("@")
        if at or not wanted.endswith((PYTHON, NOTEBOOK)):
            same = len(digest) >= _SHORTEST and self.hash.startswith(digest.lower())
            return same and name in ("", self.name)
        return wanted == self.name


class Scripts:
    """The training scripts of one project.

    Args:
        project: The project's folder.
    """

    def __init__(self, project: Path) -> None:
        self.folder = project / FOLDER

    @property
    def present(self) -> Script | None:
        """The project's script; None where the default trains."""
        return next(iter(self.usable()), None)

    def usable(self) -> list[Script]:
        """Returns what a training may name, the newest first: the script, and those replaced since a removal."""
        found: list[Script] = []
        for script in self._changes():
            found = [] if script is None else [script, *found]
        return found

    def history(self) -> list[Script]:
        """Returns every upload, the newest first."""
        return [script for script in self._changes() if script is not None][::-1]

    def find(self, wanted: str) -> Script:
        """Returns the newest upload of a reference (``name@hash``), a name or the beginning of a hash.

        A removed one is found too: runs that were asked for before it was removed keep theirs.

        Raises:
            NotFound: None was uploaded.
        """
        for script in self.history():
            if script.named_by(wanted):
                return script
        raise NotFound(
            f"There is no training script {wanted!r} in this project.",
            f"Uploaded were: {', '.join(script.reference for script in self.history()) or 'none'}.",
            "Choose another one, or let its owner upload it.",
        )

    def content(self, script: Script) -> bytes:
        """Returns a script as it was uploaded.

        Raises:
            BadInput: It is gone, or was changed since.
        """
        path = self._path(script)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise _unreadable(script, f"{error.strerror or error}.", path) from error
        if hashlib.sha256(content).hexdigest() != script.hash:
            raise _unreadable(script, "It was changed since it was uploaded: its SHA-256 is another one.", path)
        return content

    def cells(self, script: Script) -> list[Cell]:
        """Returns the text of a script.

        Raises:
            BadInput: It is gone, or was changed since.
        """
        return script_source.read(self.content(script), script.name)

    def copy(self, script: Script, run: Path) -> None:
        """Puts a script into a run's folder as ``custom_script.py``; a notebook as itself and as its code cells.

        Raises:
            BadInput: It is gone, or was changed since.
            WorkspaceUnusable: The folder cannot be written.
        """
        publish(run / f"{COPY}{script.suffix}", self.content(script))
        if script.suffix == NOTEBOOK:
            publish(run / f"{COPY}{PYTHON}", script_source.joined(self.cells(script)).encode("utf-8", "replace"))

    def upload(self, source: Path | bytes, name: str | None, author: str) -> Script:
        """Checks a script without running it, and makes it the project's.

        Args:
            source: The file, or its content.
            name: Its name; a file has its own.
            author: Who uploads it.

        Raises:
            BadTrainingScript: See :func:`genlab_widgets.projects.script_source.read`; nothing was stored.
            WorkspaceUnusable: The project's folder cannot be written.
        """
        shown = _safe_name(name or (source.name if isinstance(source, Path) else ""))
        content = _read(source) if isinstance(source, Path) else source
        script_source.read(content, shown)
        digest = hashlib.sha256(content).hexdigest()
        present = self.present
        if present is not None and (present.name, present.hash) == (shown, digest):
            return present
        script = Script(shown, digest, author, datetime.now(UTC).isoformat(timespec="seconds"))
        try:
            self.folder.mkdir(exist_ok=True)
        except OSError as error:
            raise unusable(self.folder.parent, error) from error
        publish(self._path(script), content)
        self._record({"change": "uploaded", **asdict(script)})
        return script

    def remove(self, author: str) -> None:
        """Brings the default back: nothing more may name a script of before; they stay in the history."""
        if self.present is not None:
            self._record({"change": "removed", "author": author, "at": datetime.now(UTC).isoformat(timespec="seconds")})

    def _path(self, script: Script) -> Path:
        return self.folder / f"{script.hash}{script.suffix}"

    def _records(self) -> list[Path]:
        return sorted(self.folder.glob("*.json"))

    def _record(self, change: dict[str, str]) -> None:
        """Adds a record after the others, also when the clock was set back meanwhile."""
        moment = datetime.now(UTC)
        for last in self._records()[-1:]:
            moment = max(moment, datetime.strptime(last.stem, _MOMENT).replace(tzinfo=UTC) + timedelta(microseconds=1))
        publish(self.folder / f"{moment:{_MOMENT}}.json", json.dumps(change, ensure_ascii=False, indent=1).encode())

    def _changes(self) -> list[Script | None]:
        """Returns uploads, and None for each removal, the oldest first.

        Raises:
            BadInput: Somebody damaged a record.
        """
        found: list[Script | None] = []
        for path in self._records():
            try:
                record = json.loads(path.read_text(encoding="utf-8"))
                uploaded = record.pop("change") == "uploaded"
                found.append(Script(**record) if uploaded else None)
            except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
                step = "Remove that file, and upload the script again."
                raise BadInput(
                    "The project's record of its training scripts is damaged.",
                    f"{path}: {error}.",
                    step,
                    path=str(path),
                ) from error
        return found


def _read(source: Path) -> bytes:
    try:
        with source.open("rb") as file:
            return file.read(script_source.MAX_BYTES + 1)
    except OSError as error:
        step = "Check the path, and the right to read it."
        raise BadTrainingScript(
            f"{source} cannot be read.", f"{error.strerror or error}.", step, path=str(source)
        ) from error


def _safe_name(name: str) -> str:
    """Returns a file name of ``[A-Za-z0-9_.-]``, at most 80 before the ending.

    Raises:
        BadTrainingScript: It ends in something else than ``.py`` or ``.ipynb``.
    """
    own = re.split(r"[/\\]", name)[-1]
    stem, ending = own.rpartition(".")[0], f".{own.rpartition('.')[2].lower()}"
    if ending not in (PYTHON, NOTEBOOK):
        raise BadTrainingScript(
            f"{own!r} is no training script." if own else "The training script has no name.",
            f"A script ends in {PYTHON}, a notebook in {NOTEBOOK}.",
            "Give it that ending and upload it again.",
        )
    return (re.sub(r"[^A-Za-z0-9_.-]+", "_", stem).strip("._-")[:80] or "script") + ending


def _unreadable(script: Script, why: str, path: Path) -> BadInput:
    return BadInput(
        f"The training script {script.reference} cannot be used.",
        why,
        "Let an owner of the project upload it again; the folders of its runs have a copy.",
        path=str(path),
    )
