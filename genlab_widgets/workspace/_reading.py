"""Pre-annotation of a project in a process of its own: a page starts it, can be left, and finds it again.

What it has read so far, and what came of it, stands in ``<home>/preannotations/<project>/``, the last one only.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import traceback
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from genlab_widgets.errors import Conflict
from genlab_widgets.projects.store import publish, unusable
from genlab_widgets.training.locking import exclusive
from genlab_widgets.training.runfolder import failure_of

if TYPE_CHECKING:
    from genlab_widgets.workspace._project import Project

FOLDER, STATE, PREDICTIONS, LOG = "preannotations", "state.json", "predictions.json", "reading.log"
_EVERY = 100
"""After so many tasks it is written down how far it is."""


class State(BaseModel):
    """Where a pre-annotation stands.

    Attributes:
        pid: Its process.
        pid_created: When that was made, so that another process of that number is not taken for it.
        read: Tasks read so far.
        items: Regions and choices that were found; None until it ends.
        problems: What could not be read, as sentences.
        error: Why it ended early, as sentences.
        ended_at: When it ended, in UTC; None while it runs.
    """

    model_config = ConfigDict(frozen=True)

    pid: int = 0
    pid_created: float | None = None
    read: int = 0
    items: int | None = None
    problems: list[str] = []
    error: str = ""
    ended_at: datetime | None = None


class Reading:
    """The pre-annotation of one project that was started last.

    Args:
        project: The project.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self.folder = project.workspace.home / FOLDER / _folder_name(project)

    @property
    def state(self) -> State | None:
        """Where it stands; None where there was none. One whose process is gone has ended."""
        found = self._written()
        if found is None:
            return None
        if found.ended_at is None and not self._lives(found):
            told = "Its process was ended from outside. Start it again."
            return found.model_copy(update={"error": found.error or told, "ended_at": datetime.now(UTC)})
        return found

    @property
    def running(self) -> bool:
        """Whether it reads now."""
        found = self.state
        return found is not None and found.ended_at is None

    def start(self, everything: bool = False, doubtful_first: bool = False) -> None:
        """Lets the deployed models read the tasks that nobody has completed, in a process of its own.

        Args:
            everything: Also those with completions.
            doubtful_first: Puts tasks first in which the models are least sure of an item.

        Raises:
            NotAllowed: The user's role in the project does not allow it.
            Conflict: One reads already, or the labeling config names no model.
            WorkspaceUnusable: The workspace cannot be written.
        """
        self._project.workspace.require(self._project, "preannotate")
        self._project.reading()  # refuses where no model could read
        with exclusive(self.folder):
            if self.running:
                raise Conflict("The models read these tasks already.", "", "Wait for the end, or stop it.")
            self._begin(everything, doubtful_first)

    def _begin(self, everything: bool, doubtful_first: bool) -> None:
        from genlab_widgets.runs import processes

        workspace = self._project.workspace
        own = {"GENLAB_HOME": str(workspace.home), "GENLAB_USER": workspace.user, processes.MARKER: str(self.folder)}
        asked = {"all": everything, "doubtful": doubtful_first}
        command = [
            sys.executable,
            "-m",
            __name__,
            self._project.place,
            *(word for word, wanted in asked.items() if wanted),
        ]
        try:
            (self.folder / PREDICTIONS).unlink(missing_ok=True)
            with (self.folder / LOG).open("wb") as log:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={**os.environ, **own},
                    cwd=self.folder,
                    start_new_session=True,
                )
        except OSError as error:
            raise unusable(self.folder, error) from error
        self.write(State(pid=process.pid, pid_created=processes.created(process.pid)))

    def stop(self) -> None:
        """Ends it; what it has read is given up. One that has ended stays as it is.

        Raises:
            NotAllowed: The user's role in the project does not allow it.
        """
        from genlab_widgets.runs import processes

        self._project.workspace.require(self._project, "preannotate")
        if self.running:
            processes.sweep(self.folder)
            found = self._written()
            if found is not None and found.ended_at is None:  # else it ended by itself meanwhile
                self.write(found.model_copy(update={"error": "It was stopped.", "ended_at": datetime.now(UTC)}))

    def tasks(self) -> list[dict[str, Any]]:
        """Returns the tasks with predictions.

        Raises:
            Conflict: There are none.
        """
        try:
            found: list[dict[str, Any]] = json.loads((self.folder / PREDICTIONS).read_bytes())
            return found
        except FileNotFoundError as error:
            raise _nothing_read() from error

    def packed(self) -> bytes:
        """Returns the tasks with predictions, as JSON in a zip that the annotation tool imports.

        Raises:
            Conflict: There are none.
        """
        packed = io.BytesIO()
        try:
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.write(self.folder / PREDICTIONS, PREDICTIONS)
        except FileNotFoundError as error:
            raise _nothing_read() from error
        return packed.getvalue()

    def write(self, state: State) -> None:
        """Stores where it stands."""
        publish(self.folder / STATE, state.model_dump_json().encode())

    def _written(self) -> State | None:
        try:
            return State.model_validate_json((self.folder / STATE).read_bytes())
        except (OSError, ValueError):
            return None

    def _lives(self, state: State) -> bool:
        from genlab_widgets.runs import processes

        return processes.lives(state.pid, state.pid_created, self.folder)


def _folder_name(project: Project) -> str:
    """Returns the name of a project of the workspace; one elsewhere may be called the same."""
    place = project.place
    return place if place == project.name else f"{project.name}-{hashlib.sha256(place.encode()).hexdigest()[:8]}"


def _nothing_read() -> Conflict:
    return Conflict("There are no predictions.", "", "Let the models read first.")


def main(name: str, everything: bool, doubtful_first: bool) -> None:
    """Reads, and writes down what came of it."""
    from genlab_widgets.runs import processes
    from genlab_widgets.workspace import Workspace

    reading = Reading(Workspace().project(name))
    with exclusive(reading.folder):  # until the one who started this has written down that it runs
        pass
    began = State(pid=os.getpid(), pid_created=processes.created(os.getpid()))
    reading.write(_read(reading, began, everything, doubtful_first).model_copy(update={"ended_at": datetime.now(UTC)}))


def _read(reading: Reading, began: State, everything: bool, doubtful_first: bool) -> State:
    told = 0

    def progress(count: int) -> None:
        nonlocal told
        if count - told >= _EVERY:
            told = count
            reading.write(began.model_copy(update={"read": count}))

    try:
        found = reading._project.preannotate(everything=everything, progress=progress)
        if doubtful_first:
            found.doubtful_first()
        found.write(reading.folder / PREDICTIONS)
    except Exception as error:
        traceback.print_exc()  # into its log
        return began.model_copy(update={"error": failure_of(error).sentence})
    return began.model_copy(update={"read": len(found.tasks), "items": found.items, "problems": found.problems})


if __name__ == "__main__":
    main(sys.argv[1], "all" in sys.argv[2:], "doubtful" in sys.argv[2:])
