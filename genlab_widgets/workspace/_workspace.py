"""``Workspace``: a folder with projects, runs and models, as one user sees it."""

from __future__ import annotations

import shlex
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from genlab_widgets.errors import BadInput, NotFound
from genlab_widgets.projects import importing, store
from genlab_widgets.projects.members import Members
from genlab_widgets.settings import load_settings
from genlab_widgets.workspace import _active_learning, _roles
from genlab_widgets.workspace._model import Model
from genlab_widgets.workspace._project import Project
from genlab_widgets.workspace._run import Run, RunComparison, compare

if TYPE_CHECKING:
    from genlab_widgets.database import Database
    from genlab_widgets.models.registry import Models
    from genlab_widgets.runs.store import Runs
    from genlab_widgets.workspace._infrastructure import Infrastructure

DEMO = "clinic_notes"
"""Name of the demo project."""


@dataclass(frozen=True)
class ImportReport:
    """What an import brought.

    Attributes:
        project: The project, ready to be trained.
        tasks: How many tasks there are.
        warnings: What could not be used, the first hundred as sentences.
        warning_count: How many there were.
        replaced: Whether it took the place of an earlier import of the same name.
    """

    project: Project
    tasks: int
    warnings: list[str]
    warning_count: int
    replaced: bool = False

    @property
    def sentence(self) -> str:
        """What came of it, as page and command line say it."""
        name, title = self.project.name, self.project.title
        called = name if name == title else f"{title} (as {name})"
        instead = ", in place of the earlier import" if self.replaced else ""
        return f"Imported {called}: {self.tasks:,} tasks{instead}."


class Workspace:
    """A workspace folder and the user who works in it.

    Nothing is read or written before it is needed: the database is opened with the first run or model asked for.

    Args:
        home: The folder; None takes ``GENLAB_HOME``, or the platform's folder for user data.
        user: Who acts; None takes ``GENLAB_USER``, or the login name.
    """

    def __init__(self, home: Path | str | None = None, user: str | None = None) -> None:
        settings = load_settings()
        self.home = Path(settings.home if home is None else home).expanduser().absolute()
        self.user = user or settings.user
        self._database_url = settings.database_url

    def __repr__(self) -> str:
        return f"Workspace({str(self.home)!r}, user={self.user!r})"

    @cached_property
    def database(self) -> Database:
        """The workspace's database.

        Raises:
            WorkspaceUnusable: The folder or the database cannot be used.
        """
        from genlab_widgets.database import Database

        return Database(self.home, self._database_url)

    @cached_property
    def run_rows(self) -> Runs:
        """The rows of the runs."""
        from genlab_widgets.runs.store import Runs

        return Runs(self.database, self.home)

    @cached_property
    def infrastructure(self) -> Infrastructure:
        """This machine: cores, memory, disk and GPU, what runs and waits on it, and which licences are there."""
        from genlab_widgets.workspace._infrastructure import Infrastructure

        return Infrastructure(self)

    @cached_property
    def model_rows(self) -> Models:
        """The rows of the models."""
        from genlab_widgets.models.registry import Models

        return Models(self.database, self.home)

    def import_project(
        self,
        path: Path | str,
        name: str | None = None,
        progress: Callable[[int], None] | None = None,
        language: str | None = None,
        on_page: Callable[[int, int], None] | None = None,
        config: Path | str | None = None,
    ) -> ImportReport:
        """Imports an export (folder, zip or JSON file), all or nothing.

        An earlier import of the same name is replaced in one step, if the user's role in it allows that. Members,
        labeling config and models that were changed in the project stay where the export did not change them; the
        report's warnings say so.

        Args:
            path: The export.
            name: Name of the project, in any script; None takes the export's own.
            progress: Called with the number of tasks read so far.
            language: Language of the texts (ISO 639-1); None takes the export's own, else that of the earlier import,
                else the one that the texts look like.
            on_page: Called after each page whose words are read by OCR, with its number and how many there are.
            config: File of the labeling config; None takes the export's own, else that of the earlier import, else
                one that is made from what people marked.

        Raises:
            WrongParameters: The language is none.
            BadInput: The export cannot be read; nothing was stored.
            NotAllowed: The user may not replace the project of that name.
            Conflict: Somebody changed that project while the export was read; nothing was stored.
            WorkspaceUnusable: The workspace cannot be written.
        """

        def allow(earlier: store.Project) -> None:
            with suppress(BadInput):  # a damaged project has no members that could be asked, and is to be replaced
                members, called = earlier.members, earlier.name
                _roles.require(members, self.user, "import", called)

        chosen = Path(config) if config is not None else None
        report = importing.import_project(Path(path), self.home, name, progress, allow, language, on_page, chosen)
        project = Project(self, report.project)
        _active_learning.count(project)
        return ImportReport(project, report.tasks, report.warnings, report.warning_count, report.replaced)

    def import_demo(self, tasks: int = 300, seed: int = 7) -> ImportReport:
        """Writes the demo project (clinical-style notes) and imports it.

        Args:
            tasks: Notes to write.
            seed: The same seed writes the same notes.
        """
        from genlab_widgets.projects.demo import write_demo_project

        with tempfile.TemporaryDirectory(prefix="genlab-demo-") as scratch:
            export = write_demo_project(Path(scratch) / DEMO, tasks=tasks, seed=seed)
            return self.import_project(export, name=DEMO)

    def projects(self) -> list[Project]:
        """Returns the imported projects by name."""
        return [Project(self, found) for found in store.list_projects(self.home)]

    def project(self, name: str | Path) -> Project:
        """Returns a project by its name, or by the path of a project folder elsewhere.

        Raises:
            NotFound: There is no such project.
        """
        try:
            return Project(self, store.open_project(self.home, str(name)))
        except NotFound as error:
            place = Path(name)
            if not place.exists():
                raise
            raise NotFound(
                f"{place} is not a project.",
                "Exports are trained after they are imported.",
                f"Import it first: genlab import {shlex.quote(str(place))}",
                project=str(name),
            ) from error

    def runs(
        self,
        project: str | None = None,
        status: str | None = None,
        kind: str | None = None,
        limit: int | None = 50,
        offset: int = 0,
    ) -> list[Run]:
        """Returns runs, the newest first.

        Args:
            project: Only those of this project.
            status: Only those in this state (``RUNNING`` ...).
            kind: Only those that train this.
            limit: At most so many; None returns all.
            offset: So many of the newest are left out.
        """
        rows = self.run_rows.list(project=project, status=status, kind=kind, limit=limit, offset=offset)
        return [Run(self, row) for row in rows]

    def run(self, run_id: str) -> Run:
        """Returns one run.

        Raises:
            NotFound: There is no such run.
        """
        return Run(self, self.run_rows.get(run_id))

    def delete_runs(self, runs: Sequence[str | Run]) -> None:
        """Deletes ended runs for good, with their notebooks, logs and models; all of them, or none.

        Raises:
            NotFound: There is no such run.
            NotAllowed: The user's role in one of their projects does not allow it.
            Conflict: One has not ended, its model is deployed, or its files lie on another machine.
            WorkspaceUnusable: The workspace cannot be written.
        """
        from genlab_widgets.workspace import _deleting

        _deleting.delete_runs(self, [self.run(run) if isinstance(run, str) else run for run in runs])

    def models(self, project: str | None = None) -> list[Model]:
        """Returns the trained models, the newest first."""
        return [Model(self, row) for row in self.model_rows.list(project)]

    def model(self, name: str) -> Model:
        """Returns one model.

        Raises:
            NotFound: There is no such model.
        """
        return Model(self, self.model_rows.get(name))

    def deployed(self) -> dict[str, list[str]]:
        """Returns by name of a model the projects whose labeling config names it now.

        A labeling config that cannot be read names none.
        """
        found: dict[str, list[str]] = defaultdict(list)
        for project in self.projects():
            with suppress(BadInput):
                for name in project.named_models():
                    found[name].append(project.name)
        return dict(found)

    def reconcile(self) -> None:
        """Finds out what happened to runs whose worker is gone, and starts what is due: there is no daemon.

        Due are queued runs, and trainings of projects with active learning and enough new completions.
        """
        from genlab_widgets.runs import supervisor

        supervisor.reconcile(self.database, self.home)
        _active_learning.look(self)

    def counts(self, project: str | None = None) -> dict[str, int]:
        """Returns how many runs are in each state."""
        return self.run_rows.count(project)

    def compare(self, run_a: str | Run, run_b: str | Run) -> RunComparison:
        """Says whether the second run is really better than the first, and in which settings they differ.

        Raises:
            NotFound: There is no such run.
        """
        a, b = (self.run(run) if isinstance(run, str) else run for run in (run_a, run_b))
        return compare(a, b)

    def can(self, project: str | Project, action: _roles.Action) -> bool:
        """Tells whether the user may ``train``, ``stop``, ``deploy`` or ``import`` in a project.

        Members whose role is Project Owner, Owner or Manager may, members of another role may not. Somebody who is
        no member of the project is taken for the owner of this workspace, and may. This keeps the members of a team
        to their roles; it does not stop a person who has a kernel, and so can run code and change files.

        Raises:
            WrongParameters: There is no such action.
        """
        return _roles.may(self._members(project), self.user, action)

    def require(self, project: str | Project, action: _roles.Action) -> None:
        """Refuses what :meth:`can` does not allow.

        Raises:
            NotAllowed: The user's role does not allow the action.
        """
        name = project if isinstance(project, str) else project.name
        _roles.require(self._members(project), self.user, action, name)

    def _members(self, project: str | Project) -> Members:
        """Returns the members of a project; a project that is gone (its runs are still there) has none."""
        if isinstance(project, Project):
            return project.members
        try:
            return store.open_project(self.home, project).members
        except NotFound:
            return Members()
