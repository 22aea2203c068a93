"""Import of an export: a folder, a zip or a JSON file, streamed into the workspace, all or nothing."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from genlab_widgets.errors import BadInput, GenlabError, NotAProject
from genlab_widgets.projects import archive, config_derived, json_stream, language_guess, naming, reimport
from genlab_widgets.projects import language as languages
from genlab_widgets.projects.labeling_config import LabelingConfig
from genlab_widgets.projects.pages.staging import Stage
from genlab_widgets.projects.reimport import Earlier
from genlab_widgets.projects.store import (
    ABOUT,
    CONFIG,
    ORIGINAL,
    TASKS,
    Project,
    hash_file,
    projects_folder,
    recover,
    unusable,
)
from genlab_widgets.projects.tasks import UNREADABLE, Task, TaskFormat, broken_task, read_task

RESULT, IMAGES = "result.json", "images"
MAX_WARNINGS = 100
SCRATCH = ".import-"
_DAY = 86_400


@dataclass
class ImportReport:
    """What an import brought. ``warnings`` holds the first hundred sentences, ``warning_count`` counts all."""

    project: Project
    tasks: int
    warnings: list[str] = field(default_factory=list)
    warning_count: int = 0
    replaced: bool = False
    """Whether it took the place of an earlier import."""

    def warn(self, sentence: str) -> None:
        """Adds a sentence."""
        self.warning_count += 1
        if len(self.warnings) < MAX_WARNINGS:
            self.warnings.append(sentence)


def import_project(
    source: Path,
    home: Path,
    name: str | None = None,
    progress: Callable[[int], None] | None = None,
    before_replacing: Callable[[Project], None] | None = None,
    language: str | None = None,
    on_page: Callable[[int, int], None] | None = None,
    config: Path | None = None,
) -> ImportReport:
    """Imports an export; an earlier import of the same name is replaced once the new one is complete.

    The labeling config is that of ``config``, else the export's, else that of the earlier import; where there is none,
    it is made from what people marked. What people changed in the project stays where the export did not change it.

    Args:
        source: Folder, zip or JSON file (formats: ``docs/user-guide.md``).
        home: The workspace folder.
        name: Project name, in any script; default: the export's own, else the file's. The name under which a
            project is listed means that project.
        progress: Called with the number of tasks read so far, every hundred tasks.
        before_replacing: Called with an earlier project of that name, which stays if this raises.
        language: Language of the texts (ISO 639-1); default: the export's own, else that of the earlier import.
        on_page: Called after each page whose words are read by OCR, with its number and how many there are.
        config: File of the labeling config, for an export without one; it counts more than the export's.

    Raises:
        WrongParameters: The language is none.
        Conflict: Somebody changed the earlier project meanwhile; nothing was stored.
        BadInput: The export is unsafe, damaged or holds no tasks; nothing was stored.
        NotFound: Pages must be read, and the packages of the extra ``visual`` are not installed; nothing was stored.
        WorkspaceUnusable: The workspace cannot be written.
    """
    source = Path(source)
    language = languages.chosen(language) if language is not None else None
    chosen = _chosen(config) if config is not None else None
    if not source.exists():
        raise NotAProject(f"{source} does not exist.", "", "Check the path and import again.", path=str(source))
    target_root = projects_folder(home)
    try:
        target_root.mkdir(parents=True, exist_ok=True)
        recover(home)
        _sweep(target_root)
        scratch = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=target_root))
    except OSError as error:
        raise unusable(home, error) from error
    try:
        export = _find_export(source, scratch)
        folder, title = naming.place(target_root, name, export.name)
        if before_replacing is not None and (folder / ABOUT).is_file():
            before_replacing(Project(folder))  # of its own: a project keeps what it has read
        earlier = Earlier.read(folder)
        about = {**export.about, "name": folder.name, ORIGINAL: title}
        if language is not None:
            about |= {"language": language, languages.GUESSED: False}
        report = _stage(export, scratch / "project", earlier, chosen, about, progress, on_page)
        reimport.swap(scratch / "project", earlier)
        return report
    except OSError as error:
        raise _failed(error, source, home) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _sweep(root: Path) -> None:
    """Removes what imports left that were killed; one that is a day old is not running any more."""
    for left in root.glob(f"{SCRATCH}*"):
        if time.time() - left.stat().st_mtime > _DAY:
            shutil.rmtree(left, ignore_errors=True)


@dataclass(frozen=True)
class _Export:
    """Where an export's files lie; ``about`` is its ``project.json``, empty if there is none."""

    tasks: Path
    about: dict[str, Any]
    name: str

    @property
    def folder(self) -> Path:
        return self.tasks.parent


def _find_export(source: Path, scratch: Path) -> _Export:
    """Finds the tasks in a folder, a zip (which is unpacked) or a file, and reads what is said about them."""
    folder = source
    if source.is_file() and source.suffix.lower() != ".json":
        folder = scratch / "zip"
        archive.unpack(source, folder)
        inside = [path for path in folder.iterdir() if not path.name.startswith(("__MACOSX", "."))]
        folder = inside[0] if len(inside) == 1 and inside[0].is_dir() else folder
    tasks = _tasks_file(folder, source.name)
    about = _about(tasks.with_name(ABOUT)) if tasks.name != ABOUT else {}
    of_folder = source.is_dir() or source.name == RESULT
    own_name = (source if source.is_dir() else source.parent).resolve().name if of_folder else source.stem
    return _Export(tasks, about, str(about.get("name") or own_name))


def _tasks_file(place: Path, shown: str) -> Path:
    if place.is_file():
        return place
    if (place / RESULT).is_file():
        return place / RESULT
    others = [path for path in sorted(place.glob("*.json")) if path.name != ABOUT]
    if len(others) == 1:
        return others[0]
    found = f"It holds {len(others)} other JSON files" if others else "It holds no JSON file with tasks"
    raise NotAProject(
        f"{shown} is not an export.", f"{found}; {RESULT} is missing.", "Export the project as JSON again.",
        path=str(place),
    )  # fmt: skip


def _about(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    about = json_stream.document(path)
    if isinstance(about, dict) and isinstance(about.get("members") or [], list):
        return about
    why = "Its members are not a list." if isinstance(about, dict) else "It is no object."
    raise BadInput(f"{path.name} cannot be used.", why, "Correct it, or remove it and import again.", path=str(path))


def _chosen(path: Path) -> LabelingConfig:
    """Reads the labeling config that somebody named."""
    try:
        return LabelingConfig.parse(Path(path).read_bytes())
    except OSError as error:
        raise BadInput(f"{path} cannot be read.", f"{error.strerror}.", "Check the path of the labeling config.",
                       path=str(path)) from error  # fmt: skip


def _config(export: _Export, earlier: Earlier, chosen: LabelingConfig | None) -> tuple[LabelingConfig, Any, list[str]]:
    """Returns the config that counts from now on, the text of the one that was brought, and what is to say about it."""
    path = export.folder / CONFIG
    brought = chosen or (LabelingConfig.parse(path.read_bytes()) if path.is_file() else None)
    if brought is not None:
        config, told = earlier.labeling_config(brought, chosen is not None)
        return config, brought.source.decode(), told
    derived = config_derived.derive(json_stream.items(export.tasks))
    if earlier.config is not None:
        config = LabelingConfig.parse(earlier.config)
        return config, earlier.exported.get("config"), [config_derived.told_of_kept(config, derived)]
    if derived is None:
        raise NotAProject(
            "The export has no labeling config.",
            f"{CONFIG} is missing beside the tasks in {path.parent.name}, and nothing is marked in them.",
            "Put the project's labeling config there, or name its file, and import again.", path=str(path),
        )  # fmt: skip
    return derived, derived.source.decode(), [config_derived.told(derived)]


def _stage(
    export: _Export,
    staged: Path,
    earlier: Earlier,
    chosen: LabelingConfig | None,
    about: dict[str, Any],
    progress: Callable[[int], None] | None,
    on_page: Callable[[int, int], None] | None,
) -> ImportReport:
    """Writes the whole project into a scratch folder."""
    report = ImportReport(Project(earlier.folder), 0, replaced=earlier.folder.exists())
    config, brought, told = _config(export, earlier, chosen)
    about, told_about = earlier.kept(about)
    for sentence in (*told, *told_about):
        report.warn(sentence)
    staged.mkdir()
    (staged / CONFIG).write_bytes(config.source)
    form = config.task_format
    stage = Stage(export.folder / IMAGES, form.image_key, on_page) if form.image_key else None
    tags = _write_tasks(export.tasks, staged / TASKS, form, report, progress, stage)
    if (export.folder / IMAGES).is_dir():
        shutil.copytree(export.folder / IMAGES, staged / IMAGES)
    if not about.get("language"):
        about |= _guessed_language(staged / TASKS, form, report)
    about = {
        **about,
        "tasks": report.tasks,
        "tags": dict(tags.most_common()),
        "data_hash": hash_file(staged / TASKS),
    }
    about[reimport.EXPORTED]["config"] = brought
    (staged / ABOUT).write_text(json.dumps(about, indent=1), encoding="utf-8")
    return report


def _guessed_language(tasks: Path, form: TaskFormat, report: ImportReport) -> dict[str, Any]:
    """Returns what ``project.json`` says of a language that nobody told, and tells people where it is not English."""
    with tasks.open(encoding="utf-8") as lines:
        code = language_guess.guess(read_task(json.loads(line), form).text for line in lines)
    if code is None:
        report.warn(languages.NOT_TOLD)
        return {}
    if code != languages.DEFAULT:
        report.warn(languages.told_of_guess(code))
    return {"language": code, languages.GUESSED: True}


def _failed(error: OSError, source: Path, home: Path) -> GenlabError:
    """Tells a source that cannot be read from a workspace that cannot be written."""
    named = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else None
    if named is None or not named.is_relative_to(source if source.is_dir() else source.parent):
        return unusable(home, error)
    return BadInput(f"{named} cannot be read.", f"{error.strerror}.", "Give read permission and import again.",
                    path=str(named))  # fmt: skip


def _write_tasks(
    source: Path,
    target: Path,
    form: TaskFormat,
    report: ImportReport,
    progress: Callable[[int], None] | None,
    stage: Stage | None,
) -> Counter[str]:
    """Streams the tasks into the project, a line each; returns how many carry each tag."""
    seen: set[int] = set()
    tags: Counter[str] = Counter()
    if stage is not None:
        stage.count(json_stream.items(source))
    with target.open("w", encoding="utf-8") as out:
        for place, raw in enumerate(json_stream.items(source), 1):
            problems = _prepared(stage, raw, place) if stage is not None else []
            task = read_task(raw, form, place)
            if task.id in seen:
                raise BadInput(f"Task {task.id} stands twice in {source.name}.", "", "Export again.", task_id=task.id)
            seen.add(task.id)
            tags.update(set(task.tags))
            for warning in (*_page_warnings(task, problems), *task_warnings(task, form.text_key)):
                report.warn(warning)
            out.write(json.dumps(raw) + "\n")
            report.tasks = place
            if progress is not None and place % 100 == 0:
                progress(place)
    if not report.tasks:
        raise NotAProject(f"{source.name} holds no tasks.", "", "Export the project with its tasks.", path=str(source))
    if progress is not None:
        progress(report.tasks)
    return tags


def _prepared(stage: Stage, raw: Any, place: int) -> list[str]:
    try:
        return stage.prepare(raw)
    except UNREADABLE as error:
        raise broken_task(raw, place, error) from error


def _page_warnings(task: Task, problems: list[str]) -> Iterator[str]:
    """Yields what is wrong with the pages of a task, and which marks hold no word."""
    for problem in problems:
        yield f"Task {task.id}: {problem}."
    if task.layout is not None and not task.layout.words:
        yield f"Task {task.id} has no words on its pages and will not train."
        return
    for completion in task.completions:
        for mark in completion.unread:
            labels = ", ".join(mark.labels)
            where = f" on page {mark.page + 1}" if task.layout is not None else ""
            yield f"Task {task.id}, completion {completion.id}: the region {labels}{where} {mark.why}."


def task_warnings(task: Task, text_key: str = "text") -> Iterator[str]:
    """Yields what is odd about a task, a sentence each."""
    if task.layout is not None:  # its spans were made from its words
        return
    if "image" not in task.data and not task.has_text:
        why = "has an empty text" if text_key in task.data else f"has no text ({text_key!r} is missing in its data)"
        yield f"Task {task.id} {why} and will not train."
    for completion in task.completions:
        for region in completion.regions:
            place = f"Task {task.id}, completion {completion.id}: the span {region.start}-{region.end}"
            found = task.text[max(region.start, 0) : max(region.end, 0)]
            if not 0 <= region.start < region.end <= len(task.text):
                yield f"{place} lies outside the text ({len(task.text)} characters)."
            elif not region.fits(task.text):
                yield f"{place} says {region.text[:40]!r}, the text there is {found[:40]!r}."
