"""The table of routes: what can be asked, and which part of the workspace answers.

No rule of its own stands here: roles, readiness and idempotency are the workspace's.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from genlab_widgets.errors import Conflict, NotFound, WrongParameters
from genlab_widgets.server import answers
from genlab_widgets.server.asking import (
    Asked,
    Body,
    DeleteProjectBody,
    DeployBody,
    ImportBody,
    LearningBody,
    LogQuery,
    ModelsQuery,
    PageQuery,
    PreannotationBody,
    Query,
    RunsQuery,
    SpecBody,
    TrainBody,
    read_body,
    read_query,
)

if TYPE_CHECKING:
    from genlab_widgets.models.deployment import Deployment
    from genlab_widgets.workspace import Model, Project, Workspace

Answer = dict[str, Any]


@dataclass(frozen=True)
class Route:
    """One thing that can be asked.

    Attributes:
        method: ``GET`` or ``POST``.
        path: Below the prefix; ``{name}`` stands for a part of the address.
        answer: What answers; its docstring is the documentation.
        body: What the request carries; None where it carries nothing.
        query: The parameters that the address may have.
        status: The HTTP status when all went well.
    """

    method: str
    path: str
    answer: Callable[[Asked], Answer]
    body: type[Body] | None
    query: type[Query] | None
    status: int

    def match(self, path: str) -> dict[str, str] | None:
        """Returns the named parts of an address that is this route's; None for another one's."""
        wanted, given = self.path.split("/"), path.strip("/").split("/")
        if len(wanted) != len(given):
            return None
        found = {}
        for name, part in zip(wanted, given, strict=True):
            if name.startswith("{"):
                found[name[1:-1]] = part
            elif name != part:
                return None
        return found


ROUTES: list[Route] = []
"""Every route, in the order of the documentation."""


def _route(
    method: str, path: str, body: type[Body] | None = None, query: type[Query] | None = None, status: int = 200
) -> Callable[[Callable[[Asked], Answer]], Callable[[Asked], Answer]]:
    def add(answer: Callable[[Asked], Answer]) -> Callable[[Asked], Answer]:
        ROUTES.append(Route(method, path, answer, body, query, status))
        return answer

    return add


def serve(
    workspace: Workspace, method: str, path: str, query: dict[str, str], body: bytes, **more: Any
) -> tuple[int, Answer]:
    """Answers a request; returns the HTTP status and the answer.

    Raises:
        NotFound: There is no such address.
        GenlabError: What the workspace refuses.
    """
    for route in ROUTES:
        place = route.match(path) if route.method == method else None
        if place is not None:
            asked = Asked(workspace, place, read_query(route.query, query), read_body(route.body, body), **more)
            return route.status, route.answer(asked)
    raise NotFound(f"There is no {method} {path}.", "", "docs/rest.md lists what can be asked.")


def as_json(answer: Answer) -> str:
    """Returns an answer as JSON: times as ISO 8601, figures that are no numbers as null."""
    return json.dumps(_plain(answer), allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int) else str(value)


@_route("GET", "status")
def status(asked: Asked) -> Answer:
    """Says that the server extension works: its version, who asks, the workspace folder, runs by state."""
    workspace = asked.workspace
    workspace.reconcile()
    installed = version("genlab-widgets")
    return {"version": installed, "user": workspace.user, "home": workspace.home, "runs": workspace.counts()}


@_route("GET", "projects")
def projects(asked: Asked) -> Answer:
    """Lists the projects by name."""
    return {"projects": [answers.project_fields(project) for project in asked.workspace.projects()]}


@_route("POST", "projects", body=ImportBody, status=201)
def import_project(asked: Asked) -> Answer:
    """Imports an export, all or nothing; an earlier import of the same name is replaced."""
    body: ImportBody = asked.body
    if body.demo == (body.path is not None):
        raise WrongParameters("Nothing was imported.", "Either path or demo is needed.", "Send one of them.")
    if body.path is None:
        return answers.import_fields(asked.workspace.import_demo())
    file = asked.find(body.path)
    return answers.import_fields(asked.workspace.import_project(file, body.name, language=body.language))


@_route("GET", "projects/{project}")
def project(asked: Asked) -> Answer:
    """Returns a project: what can be trained on it, its labels, tags and members, and what the user may do."""
    return answers.project_details(_project(asked))


@_route("POST", "projects/{project}/check", body=SpecBody)
def check(asked: Asked) -> Answer:
    """Says whether the project can be trained with these settings, and what to do if not; starts nothing."""
    from genlab_widgets.training.readiness import as_dict

    return as_dict(_project(asked).check(**_fields(asked.body)))


@_route("POST", "projects/{project}/runs", body=TrainBody, status=201)
def train(asked: Asked) -> Answer:
    """Starts a training, or with the kind `all` one for each kind, and returns at once."""
    body: TrainBody = asked.body
    started = _project(asked).start(key=body.key or asked.key, **_fields(body))
    return {"runs": [answers.run_details(run) for run in started]}


@_route("GET", "projects/{project}/active-learning")
def active_learning(asked: Asked) -> Answer:
    """Says whether the project trains again by itself, after how many new completions, and how many there are."""
    return _project(asked).active_learning_fields()


@_route("POST", "projects/{project}/active-learning", body=LearningBody)
def learn(asked: Asked) -> Answer:
    """Switches active learning on, in the name of who asks, or off."""
    body: LearningBody = asked.body
    chosen = _project(asked)
    if body.every is None:
        chosen.stop_active_learning()
    else:
        chosen.start_active_learning(body.every, **_fields(body))
    return chosen.active_learning_fields()


@_route("GET", "projects/{project}/preannotation")
def preannotation(asked: Asked) -> Answer:
    """Says how far the last pre-annotation is, or what came of it; empty where there was none."""
    state = _project(asked).preannotation.state
    return {} if state is None else state.model_dump(mode="json", exclude={"pid", "pid_created"})


@_route("POST", "projects/{project}/preannotation", body=PreannotationBody, status=201)
def preannotate(asked: Asked) -> Answer:
    """Lets the deployed models read the tasks that nobody has completed, and returns at once."""
    body: PreannotationBody = asked.body
    _project(asked).preannotation.start(body.everything, body.doubtful_first)
    return preannotation(asked)


@_route("POST", "projects/{project}/preannotation/stop")
def stop_preannotation(asked: Asked) -> Answer:
    """Stops it; what was read is given up."""
    _project(asked).preannotation.stop()
    return preannotation(asked)


@_route("GET", "projects/{project}/predictions")
def predictions(asked: Asked) -> Answer:
    """Returns what the last pre-annotation found: tasks with predictions, which the annotation tool imports."""
    return {"tasks": _project(asked).preannotation.tasks()}


@_route("POST", "projects/{project}/delete", body=DeleteProjectBody)
def delete_project(asked: Asked) -> Answer:
    """Deletes a project for good; nothing of it may run."""
    chosen = _project(asked)
    chosen.delete(with_runs=asked.body.with_runs)
    return {"deleted": asked.place["project"]}


@_route("GET", "runs", query=RunsQuery)
def runs(asked: Asked) -> Answer:
    """Lists runs, the newest first, and says how many are in each state."""
    query: RunsQuery = asked.query
    workspace = asked.workspace
    workspace.reconcile()
    found = workspace.runs(query.project, query.status, query.kind, query.limit, query.offset)
    return {"runs": [answers.run_fields(run) for run in found], "counts": workspace.counts(query.project)}


@_route("GET", "runs/{run}")
def run(asked: Asked) -> Answer:
    """Returns a run: where it stands, its settings and what was measured."""
    return answers.run_details(asked.workspace.run(asked.place["run"]).refresh())


@_route("GET", "runs/{run}/log", query=LogQuery)
def log(asked: Asked) -> Answer:
    """Returns the next piece of a run's training log (256 KB at most), and the offset to ask from next."""
    found = asked.workspace.run(asked.place["run"])
    ended = found.refresh().ended  # asked before reading, so that the last lines are never missed
    text, offset = found.log(asked.query.offset)
    return {"text": text, "offset": offset, "ended": ended}


@_route("GET", "runs/{run}/notebook")
def notebook(asked: Asked) -> Answer:
    """Returns the executed notebook of a run."""
    found = asked.workspace.run(asked.place["run"])
    try:
        return {"notebook": json.loads(found.notebook.read_text(encoding="utf-8"))}
    except (OSError, ValueError) as error:
        raise NotFound(
            f"{found.id} has no notebook here.",
            f"{found.notebook} is not there or cannot be read.",
            "It is written when the training begins, on the machine where it runs.",
            run_id=found.id,
        ) from error


@_route("POST", "runs/{run}/stop")
def stop(asked: Asked) -> Answer:
    """Stops a training and returns when it has ended; one that has ended already stays as it is."""
    return answers.run_details(asked.workspace.run(asked.place["run"]).stop())


@_route("POST", "runs/{run}/delete")
def delete_run(asked: Asked) -> Answer:
    """Deletes an ended run for good, with its notebook, log and model; a deployed model is not deleted."""
    asked.workspace.delete_runs([asked.place["run"]])
    return {"deleted": asked.place["run"]}


@_route("GET", "models", query=ModelsQuery)
def models(asked: Asked) -> Answer:
    """Lists the trained models, the newest first."""
    return {"models": [answers.model_fields(model) for model in asked.workspace.models(asked.query.project)]}


@_route("GET", "models/{model}")
def model(asked: Asked) -> Answer:
    """Returns a model."""
    return answers.model_fields(_model(asked))


@_route("GET", "models/{model}/deploy")
def deploy_preview(asked: Asked) -> Answer:
    """Shows how the labeling config would change; changes nothing."""
    return answers.change_fields(_model(asked).deploy_preview(), applied=False)


@_route("POST", "models/{model}/deploy", body=DeployBody)
def deploy(asked: Asked) -> Answer:
    """Lets the labeling config name the model on the labels that it covers."""
    found = _model(asked)
    return _apply(asked, found.deploy_preview(), found.deploy)


@_route("GET", "models/{model}/undo")
def undo_preview(asked: Asked) -> Answer:
    """Shows how the last deployment of the model would be taken back; changes nothing."""
    return answers.change_fields(_model(asked).undo_preview(), applied=False)


@_route("POST", "models/{model}/undo", body=DeployBody)
def undo(asked: Asked) -> Answer:
    """Takes the last deployment of the model back."""
    found = _model(asked)
    return _apply(asked, found.undo_preview(), found.undo_deploy)


@_route("GET", "pages/{page}", query=PageQuery)
def page(asked: Asked) -> Answer:
    """Returns the notebook that shows a page of the app, and code that makes one that runs already go to that page."""
    from genlab_widgets.settings import notebooks_folder

    found: Answer = json.loads((notebooks_folder() / "genlab.ipynb").read_text(encoding="utf-8"))
    wanted = f"page={asked.place['page']!r}, project={asked.query.project!r}"
    cell = found["cells"][-1]
    # A browser that loads its page anew finds the app of the kernel again, as it was left.
    again = f'app = globals().get("app") or App({wanted})\napp'
    cell["source"] = "".join(cell["source"]).replace("App()", again)
    go_to = f"app.guarded(app.show_page)({wanted})" if asked.workspace.projects() else ""
    return {"notebook": found, "go_to": go_to}


def _project(asked: Asked) -> Project:
    """Returns the project of an address: by its name only, never by a path."""
    name = asked.place["project"]
    known = {project.name: project for project in asked.workspace.projects()}
    if name not in known:
        raise NotFound(
            f"There is no project {name!r}.",
            f"Projects here: {', '.join(known) or 'none yet'}.",
            "Import it first.",
            project=name,
        )
    return known[name]


def _model(asked: Asked) -> Model:
    return asked.workspace.model(asked.place["model"])


def _fields(body: SpecBody) -> dict[str, Any]:
    """Returns the fields of a spec; those that the address and the request say already are no part of it."""
    strays = {"project", "key", "group"} & body.spec.keys()
    if strays:
        raise WrongParameters(
            "The training cannot start with these parameters.",
            f"spec: {', '.join(sorted(strays))} is no field of it.",
            "The address names the project; the key stands beside spec.",
            fields=dict.fromkeys(strays, "no field of spec"),
        )
    return dict(body.spec)


def _apply(asked: Asked, change: Deployment, make: Callable[[Deployment], Deployment]) -> Answer:
    """Makes a change of a labeling config, if it is the one that the user has seen."""
    seen = asked.body.preview
    if seen is not None and seen != answers.preview_of(change):
        raise Conflict(
            f"The labeling config of {change.project.name} was changed meanwhile.",
            "It differs from the one that the difference was shown for.",
            "Look at the difference again and repeat.",
        )
    return answers.change_fields(make(change) if change.diff else change, applied=bool(change.diff))
