"""Another import of a project: what its export did not change stays as people left it in this workspace.

``project.json`` keeps the labeling config and the members of the last export. Where the new export brings the same
ones again, whatever was changed here since stays. Where it brings others, those are taken, and labels that still exist
go on naming the models that were deployed here. Each of these is said in the report.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genlab_widgets.errors import BadInput, BadLabelingConfig, Conflict
from genlab_widgets.projects import active_learning
from genlab_widgets.projects.labeling_config import Covered, LabelingConfig
from genlab_widgets.projects.language import GUESSED
from genlab_widgets.projects.members import Members
from genlab_widgets.projects.scripts import FOLDER as SCRIPTS
from genlab_widgets.projects.store import ABOUT, CONFIG, HISTORY, PREFERENCES, REPLACED, Project, keep_config

EXPORTED = "exported"
"""Key of ``project.json``: ``config`` and ``members`` as the last export had them."""
_ATTEMPTS = 20
_EXCHANGE, _HERE = 2, -100
"""``RENAME_EXCHANGE`` (macOS: ``RENAME_SWAP``) and ``AT_FDCWD``."""


@dataclass(frozen=True)
class Earlier:
    """The project as it was when its next import began; everything is empty for a first one."""

    folder: Path
    about: dict[str, Any]
    config: bytes | None
    _files: tuple[bytes | None, ...]

    @classmethod
    def read(cls, folder: Path) -> Earlier:
        """Reads a project, also a damaged one: it is being replaced."""
        about: dict[str, Any] = {}
        with contextlib.suppress(BadInput):
            about = Project(folder).about
        files = _files(folder)
        return cls(folder, about, files[0], files)

    @property
    def exported(self) -> dict[str, Any]:
        """What the last export brought; empty where nobody wrote it down."""
        found = self.about.get(EXPORTED)
        return found if isinstance(found, dict) else {}

    def kept(self, about: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """Returns what is said of the project from now on, with its members and language, and what to tell of that.

        Args:
            about: What the export says, and who imports it.
        """
        brought = about.get("members")
        members, told = self._members(brought)
        new = {**about, EXPORTED: {"members": brought or self.exported.get("members")}}
        if members:
            new["members"] = members
        if not about.get("language") and self.about.get("language") and not self.about.get(GUESSED):
            new["language"] = self.about["language"]
        return new, told

    def _members(self, brought: Any) -> tuple[Any, list[str]]:
        here, new = self.about.get("members"), Members.read(brought)
        if not Members.read(here).priority or Members.read(here) == new:
            return brought, []
        if not new.priority:
            return here, ["The export names no members: the project keeps those that it has."]
        last = self.exported.get("members")
        if last and Members.read(last) == new:
            return here, ["The members stay as they were set here: the export's have not changed."]
        return brought, ["The members are the export's now: names, order or roles were others before."]

    def labeling_config(self, exported: LabelingConfig, chosen: bool = False) -> tuple[LabelingConfig, list[str]]:
        """Returns the labeling config that counts from now on, and what is to say about it.

        Args:
            exported: The one that the export brings.
            chosen: Somebody named its file, so it counts even if it is the same as the last time.
        """
        if self.config is None or self.config == exported.source:
            return exported, []
        here, last = _parsed(self.config), _parsed(self.exported.get("config"))
        if here is None:  # somebody broke it outside
            return exported, []
        if last is not None and last.source == exported.source and not chosen:
            return here, ["The labeling config stays as it was set here: the export's has not changed."]
        new, told = _with_models_of(here, exported, last)
        if new.source != self.config:
            told.append(f"The labeling config is the export's now; the one before it is kept in {HISTORY}.")
        return new, told

    def carry_over(self, staged: Path) -> None:
        """Copies what is the project's and not the export's: earlier configs, scripts, what the page remembers."""
        for name in (HISTORY, SCRIPTS):
            if (self.folder / name).is_dir():
                shutil.copytree(self.folder / name, staged / name)
        for name in (PREFERENCES, active_learning.FILE, active_learning.COMPLETIONS):
            if (self.folder / name).is_file():
                shutil.copy2(self.folder / name, staged / name)
        if self.config is not None and self.config != (staged / CONFIG).read_bytes():
            keep_config(staged / HISTORY, self.config)

    def require_unchanged(self) -> None:
        """Refuses to replace what nobody has looked at.

        Raises:
            Conflict: Somebody changed the project since its next import began.
        """
        if _files(self.folder) != self._files:
            raise Conflict(
                f"{self.folder.name} was changed while its export was being imported.",
                "Its labeling config, its members or its tasks are others than at the beginning.",
                "Import again; nothing was replaced.",
                project=self.folder.name,
            )


def swap(staged: Path, earlier: Earlier) -> None:
    """Puts the new project in place; an earlier one lies in ``staged`` then, or is gone.

    Where the system cannot exchange two folders in one step, there are two renames, and ``recover`` undoes the first if
    the second never comes. Somebody who looks at the workspace between them recovers it too; then both are made again.

    Raises:
        Conflict: Somebody changed the project since its next import began.
    """
    target = earlier.folder
    earlier.carry_over(staged)
    for attempt in range(_ATTEMPTS):
        earlier.require_unchanged()
        try:
            if not target.exists():
                staged.rename(target)
            elif not _exchange(staged, target):
                _replace(staged, target)
            return
        except OSError as error:
            if attempt == _ATTEMPTS - 1 or error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise


def _exchange(one: Path, other: Path) -> bool:
    """Exchanges two folders in one step, so that a run which reads the project finds one of them at any time.

    Returns:
        Whether that was possible: Linux and macOS have it, for most file systems.
    """
    names = os.fsencode(one), os.fsencode(other)
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            return bool(library.renamex_np(*names, _EXCHANGE) == 0)
        return bool(library.renameat2(_HERE, names[0], _HERE, names[1], _EXCHANGE) == 0)
    except (AttributeError, OSError, TypeError):
        return False


def _replace(staged: Path, target: Path) -> None:
    replaced = target.with_name(f"{REPLACED}{target.name}")
    shutil.rmtree(replaced, ignore_errors=True)
    target.rename(replaced)
    try:
        staged.rename(target)
    except OSError:
        if not target.exists():
            replaced.rename(target)
        raise
    shutil.rmtree(replaced, ignore_errors=True)


def _files(folder: Path) -> tuple[bytes | None, ...]:
    return tuple(_content(folder / name) for name in (CONFIG, ABOUT))


def _content(path: Path) -> bytes | None:
    with contextlib.suppress(FileNotFoundError):
        return path.read_bytes()
    return None


def _parsed(source: Any) -> LabelingConfig | None:
    with contextlib.suppress(BadLabelingConfig):
        return LabelingConfig.parse(source) if isinstance(source, str | bytes) else None
    return None


def _with_models_of(
    here: LabelingConfig, exported: LabelingConfig, last: LabelingConfig | None
) -> tuple[LabelingConfig, list[str]]:
    """Lets the values of an export's config name the models that were set here since the last export."""
    new = exported
    told: list[str] = []
    for part in _parts(here):
        set_here = _set_here(part, here, last)
        brought = dict(exported.named(part))
        kept = {value: model for value, model in set_here.items() if value in brought and brought[value] != model}
        new = new.with_models(kept, part)
        told += _told(kept, brought)
        told += [
            f"{value} named the model {model} and is not in the labeling config any more."
            for value, model in set_here.items()
            if model and value not in brought
        ]
    return new, told


def _parts(config: LabelingConfig) -> Iterator[Covered]:
    yield from (Covered("entities"), Covered("assertion"))
    yield from (Covered("choices", control.name) for control in config.choices)


def _set_here(part: Covered, here: LabelingConfig, last: LabelingConfig | None) -> dict[str, str | None]:
    """Returns the models of those values that name another one than the last export did."""
    before = dict(last.named(part)) if last is not None else {}
    return {value: model for value, model in here.named(part) if model != before.get(value)}


def _told(kept: dict[str, str | None], brought: dict[str, str | None]) -> Iterator[str]:
    values: dict[str | None, list[str]] = defaultdict(list)
    for value, model in kept.items():
        values[model].append(value)
    for model, listed in values.items():
        others = ", ".join(sorted({str(brought[value]) for value in listed if brought[value]}))
        instead = f"; the export names {others}" if others else ""
        verb = "keeps" if len(listed) == 1 else "keep"
        what = f"the model {model} that was deployed here" if model else "naming no model, as it was set here"
        yield f"{', '.join(listed)} {verb} {what}{instead}."
