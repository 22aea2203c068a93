"""Pre-annotation of a project in a process of its own: a page starts it, can be left, and finds it again.

What it has read so far, and what came of it, stands in ``<home>/preannotations/<project>/``, the last one only.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import traceback
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from genlab_widgets.errors import Conflict, GenlabError, InternalError
from genlab_widgets.projects.store import publish, unusable

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
        self.folder = project.workspace.home / FOLDER / project.name

    @property
    def state(self) -> State | None:
        """Where it stands; None where there was none. One whose process is gone has ended."""
        try:
            found = State.model_validate_json((self.folder / STATE).read_bytes())
        except (OSError, ValueError):
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
            Conflict: One reads already, or the labeling config names no model.
            WorkspaceUnusable: The workspace cannot be written.
        """
        from genlab_widgets.runs import processes

        if self.running:
            raise Conflict("The models read these tasks already.", "", "Wait for the end, or stop it.")
        self._project.reading()  # refuses where no model could read
        workspace = self._project.workspace
        own = {"GENLAB_HOME": str(workspace.home), "GENLAB_USER": workspace.user, processes.MARKER: str(self.folder)}
        asked = {"all": everything, "doubtful": doubtful_first}
        command = [
            sys.executable,
            "-m",
            __name__,
            self._project.name,
            *(word for word, wanted in asked.items() if wanted),
        ]
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
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
        """Ends it; what it has read is given up."""
        from genlab_widgets.runs import processes

        found = self.state
        if found is not None and found.ended_at is None:
            processes.sweep(self.folder)
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

    def _lives(self, state: State) -> bool:
        from genlab_widgets.runs import processes

        return processes.lives(state.pid, state.pid_created, self.folder)


def _nothing_read() -> Conflict:
    return Conflict("There are no predictions.", "", "Let the models read first.")


def main(name: str, everything: bool, doubtful_first: bool) -> None:
    """Reads, and writes down what came of it."""
    from genlab_widgets.runs import processes
    from genlab_widgets.workspace import Workspace

    reading = Reading(Workspace().project(name))
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
        known = (
            error
            if isinstance(error, GenlabError)
            else InternalError(
                "The models could not read.",
                f"{type(error).__name__}: {str(error)[:300]}.",
                f"See {Path(LOG).absolute()}.",
            )
        )
        return began.model_copy(update={"error": str(known)})
    return began.model_copy(update={"read": len(found.tasks), "items": found.items, "problems": found.problems})


if __name__ == "__main__":
    main(sys.argv[1], "all" in sys.argv[2:], "doubtful" in sys.argv[2:])
