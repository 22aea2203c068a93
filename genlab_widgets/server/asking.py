"""What a request may carry: bodies and query parameters, checked before anything is done."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from genlab_widgets.errors import WrongParameters
from genlab_widgets.runs.states import Status
from genlab_widgets.workspace import Workspace


class Body(BaseModel):
    """A JSON object; fields that nobody knows are refused."""

    model_config = ConfigDict(extra="forbid")


class Query(BaseModel):
    """Parameters of an address; those that nobody knows (Jupyter adds some) are passed over."""

    model_config = ConfigDict(extra="ignore")


class ImportBody(Body):
    """What is imported."""

    path: str | None = Field(None, min_length=1)
    """Folder, zip or JSON file as the file browser names it, below the folder that Jupyter serves."""
    demo: bool = False
    """True imports the demo project in place of a file."""
    name: str | None = None
    """Name of the project; the default is the export's own."""
    language: str | None = None
    """Language of the texts (ISO 639-1); the default is the export's own, else the earlier import's, else what the
    texts look like."""


class SpecBody(Body):
    """Settings to check."""

    spec: dict[str, Any] = Field(default_factory=dict)
    """Fields of the training spec, as the options of `genlab train`; the kind `all` means every kind."""


class TrainBody(SpecBody):
    """A training to start."""

    key: str | None = Field(None, min_length=1, max_length=200)
    """Idempotency key: sent again with the same settings it gives the same run. The header `Idempotency-Key` does it
    too."""


class DeployBody(Body):
    """A deployment to make, or to take back."""

    preview: str | None = None
    """The `preview` of the change that the user has seen; where the config was changed since, nothing is done."""


class LearningBody(SpecBody):
    """When a project trains again by itself; `spec` has the settings of its trainings."""

    every: int | None = None
    """After so many new completions; without it, it is switched off."""


class PreannotationBody(Body):
    """Which tasks the deployed models read."""

    everything: bool = False
    """Also tasks that people have completed."""
    doubtful_first: bool = False
    """Puts tasks first in which the models are least sure of an item."""


class DeleteProjectBody(Body):
    """What goes with a project."""

    with_runs: bool = False
    """Its runs and models, too; without, they stay."""


class RunsQuery(Query):
    """Which runs are listed."""

    project: str | None = None
    """Only those of this project."""
    status: Status | None = None
    """Only those in this state."""
    kind: str | None = None
    """Only those that train this."""
    limit: int = Field(50, ge=1, le=500)
    """At most so many, the newest first."""
    offset: int = Field(0, ge=0)
    """So many of the newest are left out."""


class LogQuery(Query):
    """Which part of a log is read."""

    offset: int = Field(0, ge=0)
    """Byte to read from: 0, or the `offset` of the answer before."""


class ModelsQuery(Query):
    """Which models are listed."""

    project: str | None = None
    """Only those trained on this project."""


class PageQuery(Query):
    """Where a page begins."""

    project: str | None = None
    """The project that it shows."""


@dataclass(frozen=True)
class Asked:
    """A request that was checked.

    Attributes:
        workspace: The workspace, as the user who asks sees it.
        place: The named parts of the address.
        query: Its parameters, an object of the route's own class.
        body: The JSON object, likewise.
        key: The header ``Idempotency-Key``.
        find: Gives the file of a path of the file browser, or raises ``NotFound``.
    """

    workspace: Workspace
    place: dict[str, str]
    query: Any = None
    body: Any = None
    key: str | None = None
    find: Callable[[str], Path] = field(default=Path)


def read_query(model: type[Query] | None, given: dict[str, str]) -> Query | None:
    """Returns checked parameters.

    Raises:
        WrongParameters: One cannot be used; ``details["fields"]`` maps it to a message.
    """
    return None if model is None else _checked(model, given, "address")


def read_body(model: type[Body] | None, given: bytes) -> Body | None:
    """Returns a checked body; an empty one is an empty object.

    Raises:
        WrongParameters: It is no JSON object, or a field cannot be used.
    """
    if model is None:
        return None
    try:
        found = json.loads(given or b"{}")
    except (ValueError, RecursionError) as error:
        raise WrongParameters("The request cannot be read.", f"Its body is no JSON: {error}.", _STEP) from error
    if not isinstance(found, dict):
        raise WrongParameters("The request cannot be read.", "Its body is no JSON object.", _STEP)
    return _checked(model, found, "body")


_STEP = "Correct the request; docs/rest.md lists what can be sent."
_Part = Literal["address", "body"]
_Model = TypeVar("_Model", bound=BaseModel)


def _checked(model: type[_Model], given: dict[str, Any], part: _Part) -> _Model:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        problems = {".".join(str(step) for step in item["loc"]): item["msg"] for item in error.errors()}
        listed = "; ".join(f"{name}: {message}" for name, message in problems.items())
        raise WrongParameters(f"The {part} of the request is wrong.", f"{listed}.", _STEP, fields=problems) from error
