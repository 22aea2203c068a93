"""Groups of runs: every kind of model of a project, asked for together, each with a notebook of its own."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from genlab_widgets.errors import GenlabError, WrongParameters

if TYPE_CHECKING:
    from genlab_widgets.training.readiness import Readiness
    from genlab_widgets.workspace._project import Project
    from genlab_widgets.workspace._run import Run


def start_all(project: Project, key: str | None, fields: Mapping[str, Any]) -> list[Run]:
    """Starts a run for each kind; see :meth:`genlab_widgets.workspace.Project.train_all`."""
    from genlab_widgets.training import offers

    kinds = offers.trainable(project.labeling_config)
    if not kinds:
        raise _nothing(project)
    project.workspace.require(project, "train")
    # A key is unique in the whole workspace: another project may use the same one for a group of its own.
    group = f"{project.name}:{key}" if key else f"{project.name}-{time.strftime('%Y%m%d-%H%M%S')}"
    keys = {kind: f"{group}:{kind}" if key else None for kind in kinds}
    started: list[Run] = []
    refused: list[tuple[str, GenlabError]] = []
    for kind in kinds:
        try:
            started.append(project.train(key=keys[kind], group=group, **_own(fields, kind)))
        except GenlabError as error:
            refused.append((kind, error))
    if not started and not (key and _members(project, group)):
        raise refused[0][1]
    return [*started, *(_refused(project, _own(fields, kind), error, group, keys[kind]) for kind, error in refused)]


def fields_by_kind(project: Project, fields: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns the fields of each kind's training, of those given for all."""
    from genlab_widgets.training import offers

    return [_own(fields, kind) for kind in offers.trainable(project.labeling_config)]


def check_all(project: Project, fields: Mapping[str, Any]) -> Readiness:
    """Checks every kind; what blocks one of them is a warning as long as another one can train."""
    from genlab_widgets.training import offers
    from genlab_widgets.training.findings import by_level
    from genlab_widgets.training.readiness import Readiness

    found = {kind: project.check(**_own(fields, kind)) for kind in offers.trainable(project.labeling_config)}
    first = next(iter(found.values()), None)
    if first is None:
        raise _nothing(project)
    some = any(item.ready for item in found.values())
    findings = [
        finding._replace(
            level="warn" if some and finding.level == "fail" else finding.level,
            message=f"{offers.KINDS[kind]}: {finding.message}",
        )
        for kind, item in found.items()
        for finding in item.findings
    ]
    ready = [item for item in found.values() if item.ready] or [first]
    estimate = first.estimate._replace(
        seconds=max(item.estimate.seconds for item in ready),
        memory_mb=sum(item.estimate.memory_mb for item in ready),
        disk_mb=sum(item.estimate.disk_mb for item in ready),
    )
    return Readiness(
        by_level(findings),
        first.selection,
        [count for item in found.values() for count in item.labels],
        estimate,
        first.alignment,
        first.train,
        first.test,
    )


def _own(fields: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Returns the fields of one kind's training, of those given for all."""
    from genlab_widgets.training import offers

    own = {name: value for name, value in fields.items() if offers.has_field(kind, name)}
    if not offers.embeddings_fit(kind, str(own.get("embeddings", "automatic"))):
        own.pop("embeddings")
    return {**own, "kind": kind}


def _nothing(project: Project) -> WrongParameters:
    return WrongParameters(
        f"{project.name} has nothing to train.",
        "Its labeling config has neither labels that mark texts or pages, nor Choices.",
        "Add them to the labeling config.",
    )


def _members(project: Project, group: str) -> set[str]:
    """Returns the ids of the runs of a group."""
    return {row.id for row in project.workspace.run_rows.list(project=project.name, group=group, limit=None)}


def _refused(project: Project, own: Mapping[str, Any], error: GenlabError, group: str, key: str | None) -> Run:
    """Records a member that could not start as a run that FAILED, with the reason, beside the others.

    Raises:
        Conflict: The key was used for other settings.
    """
    from genlab_widgets.runs import outcome
    from genlab_widgets.runs.states import Status
    from genlab_widgets.training.runfolder import failure_of
    from genlab_widgets.workspace._run import Run

    workspace, rows = project.workspace, project.workspace.run_rows
    known = _members(project, group)
    row = rows.create(project.spec(**own), project.name, workspace.user, key, group=group)
    if row.id in known:  # asked for again: what became of it the first time stands
        return Run(workspace, row)
    rows.folder(row.id).write_failure(error)
    rows.move(row.id, Status.STARTING)
    outcome.fail(rows, row.id, failure_of(error))
    return Run(workspace, rows.get(row.id))


def logs_of(runs: Sequence[Run]) -> bytes:
    """Returns one zip with a folder for each run: log, notebook, spec and result."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for run in runs:
            with zipfile.ZipFile(io.BytesIO(run.logs_zip())) as own:
                for name in own.namelist():
                    archive.writestr(f"{run.id}/{name.rpartition('/')[2]}", own.read(name))
    return packed.getvalue()
