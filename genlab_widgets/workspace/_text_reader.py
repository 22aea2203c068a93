"""A process that holds one model and reads texts, so that a page can try it again and again without a start each time.

Parent and child talk in JSON, a line each way. The child ends when its input does: with the page, however that ended.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from typing import IO, TYPE_CHECKING, Any

from genlab_widgets.errors import Conflict, GenlabError, InternalError
from genlab_widgets.training.runfolder import failure_of

if TYPE_CHECKING:
    from genlab_widgets.workspace._model import Model


class TextReader:
    """Reads texts with a model, in a process of its own that starts with the first text.

    Args:
        model: The model.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._process: subprocess.Popen[str] | None = None
        self._closed = False
        self._starting = threading.Lock()

    @property
    def closed(self) -> bool:
        """Whether :meth:`close` was called: nothing is read any more."""
        return self._closed

    @property
    def started(self) -> bool:
        """Whether the model is loaded, so that the next text is read at once."""
        return self._process is not None and self._process.poll() is None

    def read(self, text: str) -> list[dict[str, Any]]:
        """Returns what the model finds in a text, as result items of an export.

        Raises:
            Conflict: The reader is closed, also while it reads.
            GenlabError: The model could not be loaded, or could not read the text.
        """
        with self._starting:  # whoever closes comes before the start, or finds the process that it made
            self._refuse_if_closed()
            if not self.started:
                self._process = self._start()
        answer = self._asked(json.dumps(text))
        if not answer:
            self._end()
            self._refuse_if_closed()
            raise InternalError(
                f"{self._model.name} gave no answer.", "The process that held it ended.", "Try again; see app.log."
            )
        told = json.loads(answer)
        if "error" in told:
            self._end()
            raise GenlabError(told["error"]["what"], told["error"]["why"], told["error"]["next_step"])
        items: list[dict[str, Any]] = told["items"]
        return items

    def close(self) -> None:
        """Ends the process, and lets no other start."""
        with self._starting:
            self._closed = True
        self._end()

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise Conflict(
                f"{self._model.name} reads no more texts.", "Its reader was closed.", "Try the model once more."
            )

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def _asked(self, line: str) -> str:
        """Sends a line and returns the answer; an empty one where the process is gone."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            return ""
        try:
            process.stdin.write(line + "\n")
            process.stdin.flush()
            return process.stdout.readline()
        except (OSError, ValueError):  # a pipe that was closed meanwhile is no error of the system
            return ""

    def _start(self) -> subprocess.Popen[str]:
        workspace = self._model.workspace
        environment = {**os.environ, "GENLAB_HOME": str(workspace.home.absolute())}
        with (workspace.home / "app.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "genlab_widgets.workspace._text_reader", self._model.name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                env=environment,
            )


def main(name: str) -> None:
    """Loads a model and answers until the input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what Java and libraries print is no answer
    try:
        _answer(name, answers)
    except GenlabError as error:
        _say(answers, {"error": failure_of(error).model_dump(mode="json")})
    except Exception as error:
        import traceback

        traceback.print_exc()
        told = InternalError(
            "The model could not read.", f"{type(error).__name__}: {str(error)[:300]}.", "See app.log."
        )
        _say(answers, {"error": failure_of(told).model_dump(mode="json")})


def _answer(name: str, answers: IO[str]) -> None:
    from genlab_widgets.models.preannotation import Piece, Preannotation, opened
    from genlab_widgets.workspace import Workspace

    workspace = Workspace()
    model = workspace.model(name)
    with opened(workspace.project(model.row.project_place).reading([model])) as read:
        for line in sys.stdin:
            found = Preannotation()
            read([Piece(1, {}, json.loads(line))], found)
            _say(answers, {"items": found.tasks[0]["predictions"][0]["result"]})


def _say(answers: IO[str], told: dict[str, Any]) -> None:
    answers.write(json.dumps(told) + "\n")
    answers.flush()


if __name__ == "__main__":
    main(sys.argv[1])
