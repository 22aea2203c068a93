"""Projects, runs and models as JSON-able fields: the one shape that all routes share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genlab_widgets.models.deployment import Deployment
    from genlab_widgets.workspace import ImportReport, Model, Project, Run


def project_fields(project: Project) -> dict[str, Any]:
    """Returns what a list shows of a project."""
    return {
        "name": project.name,
        "description": project.description,
        "language": project.language,
        "tasks": project.task_count,
    }


def project_details(project: Project) -> dict[str, Any]:
    """Returns a project in full: what can be trained, its labels, tags and members, and what the user may do."""
    from genlab_widgets.workspace import ACTIONS

    config = project.labeling_config
    return {
        **project_fields(project),
        "kinds": [str(kind) for kind in config.kinds()],
        "labels": [label.value for label in config.labels],
        "choices": {control.name: list(control.values) for control in config.choices},
        "tags": project.tags,
        "members": project.members.as_list(),
        "deployed": [model.name for model in project.deployed_models()],
        "may": {action: project.workspace.can(project, action) for action in ACTIONS},
    }


def run_fields(run: Run) -> dict[str, Any]:
    """Returns what a list shows of a run, all at one moment."""
    row = run.row
    progress = None if row.status.ended else run.progress()
    return {
        "id": run.id,
        "project": run.project,
        "kind": run.kind,
        "source": run.source,
        "user": run.user,
        "status": str(row.status),
        "ended": row.status.ended,
        "reason": row.reason,
        "message": row.message,
        "next_step": row.next_step,
        "created_at": row.created_at,
        "started_at": row.started_at,
        "ended_at": row.ended_at,
        "f1": row.f1,
        "model": row.model,
        "progress": None if progress is None else progress.model_dump(mode="json"),
    }


def run_details(run: Run) -> dict[str, Any]:
    """Returns a run in full: its settings, what was measured, and whether its files are here."""
    result = run.result
    return {
        **run_fields(run),
        "spec": run.spec.parameters(),
        "scores": result.scores.model_dump(mode="json", exclude_none=True) if result else {},
        "verdict": result.verdict if result else "",
        "group": [other.id for other in run.group],
        "has_notebook": run.notebook.is_file(),
        "has_log": run.folder.log.is_file(),
    }


def model_fields(model: Model) -> dict[str, Any]:
    """Returns a model; ``project`` says where it was trained, ``deployed`` whether the labeling config names it."""
    return {
        "name": model.name,
        "version": model.version,
        "kind": model.kind,
        "project": model.project,
        "source": model.source,
        "user": model.user,
        "run_id": model.run_id,
        "created_at": model.created_at,
        "labels": list(model.labels),
        "language": model.language,
        "size": model.size,
        "scores": model.scores,
        "f1": model.f1,
        "deployed": model.deployed,
    }


def import_fields(report: ImportReport) -> dict[str, Any]:
    """Returns what an import brought."""
    return {
        "project": project_fields(report.project),
        "warnings": report.warnings,
        "warning_count": report.warning_count,
    }


def change_fields(change: Deployment, applied: bool) -> dict[str, Any]:
    """Returns a change of a labeling config; ``preview`` names exactly this change."""
    return {
        "model": change.model.name,
        "labels": list(change.labels),
        "diff": change.diff,
        "preview": preview_of(change),
        "applied": applied,
    }


def preview_of(change: Deployment) -> str:
    """Returns a name of a change: the same config before and after give the same."""
    import hashlib

    parts = (change.model.name.encode(), change.before.source, change.after.source)
    return hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()[:16]
