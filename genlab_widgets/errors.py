"""Every error a user can meet: what happened, why, and what to do next.

One tree, rooted at :class:`GenlabError`. Pages, CLI and API show ``what``, ``why`` and ``next_step``;
tracebacks go to the log only. ``reason`` is what a run stores when it ends FAILED, ``exit_code`` is what
the CLI returns.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class FailureReason(StrEnum):
    """Why a run ended FAILED, as stored with the run."""

    TOO_FEW_COMPLETIONS = "too_few_completions"
    POOR_QUALITY = "poor_quality"
    NOT_ENOUGH_RESOURCES = "not_enough_resources"
    WRONG_PARAMETERS = "wrong_parameters"
    NO_LICENSE = "no_license"
    GRAPH_NOT_AVAILABLE = "graph_not_available"
    BAD_INPUT = "bad_input"
    CUSTOM_SCRIPT_FAILED = "custom_script_failed"
    INTERNAL = "internal"


class GenlabError(Exception):
    """Root of the tree.

    Args:
        what: One sentence: what happened.
        why: One sentence: the cause, with the figure or place that decided it. May be empty.
        next_step: One sentence: what the user does now. May be empty.
        details: JSON-able facts (line, column, task id, path ...), never secrets.
    """

    code = "GL000"
    reason = FailureReason.INTERNAL
    exit_code = 1

    def __init__(self, what: str, why: str = "", next_step: str = "", **details: Any) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.next_step = next_step
        self.details = details

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.why, self.next_step) if part)

    def _render_traceback_(self) -> list[str]:
        """Notebooks show the sentences (IPython asks for this); logs have the traceback."""
        return [f"{type(self).__name__} ({self.code}): {self}"]

    def as_dict(self) -> dict[str, Any]:
        """Returns the JSON shape that ``--json``, REST and failure.json share."""
        return {
            "code": self.code,
            "reason": self.reason.value,
            "what": self.what,
            "why": self.why,
            "next_step": self.next_step,
            "details": self.details,
        }


class InternalError(GenlabError):
    """Something of ours broke; the log has the traceback."""

    code = "GL001"


class BadInput(GenlabError):
    """What the user handed in cannot be read."""

    code = "GL100"
    reason = FailureReason.BAD_INPUT
    exit_code = 3


class BrokenJson(BadInput):
    """A JSON file cannot be parsed; details hold ``path``, ``line`` and ``column``."""

    code = "GL101"


class BrokenTask(BadInput):
    """A task of an export has a field of the wrong shape; details hold ``task_id``."""

    code = "GL102"


class UnsafeArchive(BadInput):
    """A zip that tries to write outside its folder, is too large, encrypted or damaged."""

    code = "GL103"


class BadLabelingConfig(BadInput):
    """The labeling config is not well-formed or not allowed; details hold ``line`` and ``column``."""

    code = "GL104"


class NotAProject(BadInput):
    """The folder, zip or file holds no tasks."""

    code = "GL105"


class BadTrainingScript(BadInput):
    """An uploaded training script cannot be used; details hold ``line``, and ``cell`` of a notebook."""

    code = "GL106"


class WrongParameters(GenlabError):
    """A training parameter is unknown or out of range."""

    code = "GL200"
    reason = FailureReason.WRONG_PARAMETERS
    exit_code = 2


class TooFewCompletions(GenlabError):
    """Not enough usable completions, or a label without any example."""

    code = "GL300"
    reason = FailureReason.TOO_FEW_COMPLETIONS
    exit_code = 3


class PoorQuality(GenlabError):
    """The completions cannot teach a model (nothing aligned, NaN loss, nothing learned)."""

    code = "GL301"
    reason = FailureReason.POOR_QUALITY
    exit_code = 3


class NotEnoughResources(GenlabError):
    """Memory, disk or cores do not suffice."""

    code = "GL400"
    reason = FailureReason.NOT_ENOUGH_RESOURCES
    exit_code = 5


class WorkspaceUnusable(NotEnoughResources):
    """The workspace folder cannot be written (read-only, full, no permission)."""

    code = "GL401"


class DatabaseUnreachable(WorkspaceUnusable):
    """The server of a team's database does not answer, or ended the connection; the same may work in a moment."""

    code = "GL403"


class DownloadFailed(NotEnoughResources):
    """Jars or embeddings could not be fetched, or their checksum is wrong."""

    code = "GL402"


class NoLicense(GenlabError):
    """A licensed library was chosen and its licence or package is missing."""

    code = "GL500"
    reason = FailureReason.NO_LICENSE
    exit_code = 5


class GraphNotAvailable(GenlabError):
    """No NerDL graph fits dimension, tags and characters of this project."""

    code = "GL600"
    reason = FailureReason.GRAPH_NOT_AVAILABLE
    exit_code = 5


class CustomScriptFailed(GenlabError):
    """An uploaded training script raised, hung, ended its process or returned no model."""

    code = "GL700"
    reason = FailureReason.CUSTOM_SCRIPT_FAILED


class NotFound(GenlabError):
    """No project, run, model or embeddings of that name."""

    code = "GL800"
    reason = FailureReason.WRONG_PARAMETERS
    exit_code = 4


class IllegalMove(GenlabError):
    """A run cannot go from its present state to the wanted one."""

    code = "GL801"
    exit_code = 6


class Conflict(GenlabError):
    """Someone else changed the same thing meanwhile (labeling config, model version)."""

    code = "GL802"
    exit_code = 6


class NotAllowed(GenlabError):
    """The user's role does not allow the action."""

    code = "GL900"
    exit_code = 7
