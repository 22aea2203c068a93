"""A project as it lies in the workspace: ``config.xml``, ``project.json``, ``tasks.jsonl`` and the config's history."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from genlab_widgets.errors import BadInput, BrokenTask, Conflict, NotFound, WorkspaceUnusable
from genlab_widgets.projects import json_stream
from genlab_widgets.projects.labeling_config import LabelingConfig
from genlab_widgets.projects.language import DEFAULT, code_of
from genlab_widgets.projects.members import Members
from genlab_widgets.projects.tasks import Task, read_task

CONFIG, ABOUT, TASKS, HISTORY = "config.xml", "project.json", "tasks.jsonl", "config_history"
ORIGINAL = "original_name"
"""Key of ``project.json``: the project's name as it was given, of which its folder's name is made."""
REPLACED = ".replaced-"
"""Prefix of the earlier import while the new one takes its place; see :func:`recover`."""
PREFERENCES = "page.json"
"""What the page keeps for a project; it survives another import, like the history."""


@dataclass(frozen=True)
class Project:
    """One imported project. Reads its files on demand, so an object never shows stale tasks."""

    folder: Path

    @cached_property
    def about(self) -> dict[str, Any]:
        """``project.json`` as written by the import; its members may have changed since.

        Raises:
            BadInput: It is missing, or someone damaged it.
        """
        return self._read_about()

    def _read_about(self) -> dict[str, Any]:
        try:
            found = json_stream.document(self.folder / ABOUT)
            if isinstance(found, dict) and {"name", "tasks", "data_hash"} <= found.keys():
                return found
        except BadInput as error:
            raise self._damaged(ABOUT, error.why) from error
        except OSError as error:
            raise self._damaged(ABOUT, f"{error.strerror or error}.") from error
        raise self._damaged(ABOUT, "It lacks name, tasks or data_hash.")

    def _damaged(self, name: str, why: str) -> BadInput:
        path = str(self.folder / name)
        return BadInput(
            f"The project in {self.folder} cannot be read.", f"{name}: {why}", "Import it again.", path=path
        )

    @property
    def name(self) -> str:
        """The project's name, which is its folder's name too."""
        return str(self.about["name"])

    @property
    def title(self) -> str:
        """The name as its people wrote it, in any script."""
        return str(self.about.get(ORIGINAL) or self.name)

    @property
    def description(self) -> str:
        """What the export says of the project; may be empty."""
        return str(self.about.get("description") or "")

    @property
    def language(self) -> str:
        """ISO 639-1 code; ``en`` where the export names none."""
        return code_of(str(self.about.get("language") or DEFAULT))

    @property
    def task_count(self) -> int:
        """How many tasks were imported."""
        return int(self.about["tasks"])

    @property
    def data_hash(self) -> str:
        """SHA-256 (hex) of ``tasks.jsonl``."""
        return str(self.about["data_hash"])

    @property
    def members(self) -> Members:
        """The people, in priority order, as they are now: what somebody may do ends when their role does."""
        return Members.read(self._read_about().get("members"))

    @property
    def labeling_config(self) -> LabelingConfig:
        """The config as it is now."""
        return LabelingConfig.parse(self.config_source)

    @property
    def config_source(self) -> bytes:
        """The config's bytes as they are now, also where somebody broke them."""
        try:
            return (self.folder / CONFIG).read_bytes()
        except OSError as error:
            raise self._damaged(CONFIG, f"{error.strerror or error}.") from error

    def tasks(self) -> Iterator[Task]:
        """Streams the tasks in the order of the export.

        Raises:
            BadInput: The stored tasks are missing, or a line is damaged (``BrokenTask``).
        """
        form = self.labeling_config.task_format
        try:
            lines = (self.folder / TASKS).open(encoding="utf-8", errors="replace")
        except OSError as error:
            raise self._damaged(TASKS, f"{error.strerror or error}.") from error
        with lines:
            for number, line in enumerate(lines, 1):
                try:
                    raw = json.loads(line)
                except (ValueError, RecursionError) as error:
                    raise BrokenTask(
                        f"Line {number} of {self.name}'s stored tasks is damaged.",
                        f"{error}.",
                        "Import the project again.",
                        line=number,
                    ) from error
                yield read_task(raw, form, number)

    def page_file(self, task: Task) -> Path | None:
        """Returns the file of a task's first page, or None where the export brought none."""
        named = next((page.file for page in task.pages if page.file), "")
        file = (self.folder / named).resolve()
        inside = bool(named) and file.is_relative_to(self.folder.resolve())
        return file if inside and file.is_file() else None

    def tag_counts(self) -> Counter[str]:
        """Returns how many tasks carry each tag, as counted by the import; an older import is counted anew."""
        stored = self.about.get("tags")
        if isinstance(stored, dict):
            return Counter({str(tag): int(count) for tag, count in stored.items()})
        return Counter(tag for task in self.tasks() for tag in set(task.tags))

    def save_config(self, new: LabelingConfig, expected: LabelingConfig | bytes) -> None:
        """Replaces the config and keeps the old one in the history.

        Args:
            new: The config as it shall be.
            expected: What the change was made for; its bytes, where they cannot be read as a config.

        Raises:
            Conflict: The file is no longer ``expected``: someone changed it meanwhile.
            WorkspaceUnusable: The project folder cannot be written; the config stays as it was.
        """
        before = expected if isinstance(expected, bytes) else expected.source
        if self.config_source != before:
            raise Conflict(
                f"The labeling config of {self.name} was changed meanwhile.",
                "It differs from the one this change was made for.",
                "Look at the difference again and repeat.",
            )
        keep_config(self.folder / HISTORY, before)
        publish(self.folder / CONFIG, new.source)

    def save_members(self, new: Members, expected: Members) -> None:
        """Replaces the people, their roles and their order; all else that the export says of the project stays.

        Raises:
            Conflict: The members are no longer ``expected``: someone changed them meanwhile.
            WorkspaceUnusable: The project folder cannot be written; the members stay as they were.
        """
        about = self._read_about()
        if Members.read(about.get("members")) != expected:
            raise Conflict(
                f"The members of {self.name} were changed meanwhile.",
                "They differ from those that this change was made for.",
                "Look at them again and repeat.",
            )
        publish(self.folder / ABOUT, json.dumps({**about, "members": new.as_list()}, indent=1).encode())

    def config_history(self) -> list[Path]:
        """Returns earlier configs, oldest first."""
        return sorted((self.folder / HISTORY).glob("*.xml"))


def keep_config(history: Path, config: bytes) -> None:
    """Adds a config to a project's history.

    Raises:
        WorkspaceUnusable: The folder cannot be written.
    """
    try:
        history.mkdir(exist_ok=True)
    except OSError as error:
        raise unusable(history.parent, error) from error
    publish(history / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}.xml", config)


def publish(target: Path, content: bytes) -> None:
    """Writes a file so that a reader sees the old content or the new, never half of it."""
    scratch = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        with scratch.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        scratch.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            scratch.unlink(missing_ok=True)
        raise unusable(target.parent, error) from error


def unusable(folder: Path, error: OSError) -> WorkspaceUnusable:
    """Says which folder cannot be written and why."""
    return WorkspaceUnusable(
        f"{folder} cannot be written.",
        f"{error.strerror or error}.",
        "Free space or give write permission, or set GENLAB_HOME to another folder.",
        path=str(folder),
    )


def hash_file(path: Path) -> str:
    """Returns the SHA-256 (hex) of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def projects_folder(home: Path) -> Path:
    """Returns where a workspace keeps its projects."""
    return home / "projects"


def recover(home: Path) -> None:
    """Puts back projects whose replacement was cut off between its two renames (power cut, kill)."""
    for replaced in projects_folder(home).glob(f"{REPLACED}*"):
        target = replaced.with_name(replaced.name.removeprefix(REPLACED))
        if not target.exists():
            with contextlib.suppress(OSError):  # another process was faster
                replaced.rename(target)


def list_projects(home: Path) -> list[Project]:
    """Returns the projects of a workspace by name."""
    recover(home)
    return [
        Project(path.parent) for path in sorted(projects_folder(home).glob(f"*/{ABOUT}")) if path.parent.name[0] != "."
    ]


def open_project(home: Path, name: str) -> Project:
    """Opens a project by name, or by the path of a project folder elsewhere.

    Raises:
        NotFound: There is no such project; the message lists those there are.
    """
    recover(home)
    for folder in (projects_folder(home) / name, Path(name)):
        if (folder / ABOUT).is_file() and (folder / TASKS).is_file():
            return Project(folder)
    known = ", ".join(project.name for project in list_projects(home)) or "none yet"
    raise NotFound(
        f"There is no project {name!r}.",
        f"Projects here: {known}.",
        "Import it first: genlab import PATH.",
        project=name,
    )
