"""Deployment: the labeling config names a model, and it can be taken back.

Nothing but ``model="..."`` on the labels that the model covers changes; every other byte of the config stays. What
was changed is recorded before and after, so that taking it back restores the very bytes.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, insert, select, update

from genlab_widgets.database import Database, deployments, models, now
from genlab_widgets.errors import Conflict
from genlab_widgets.models.registry import ModelRow, covered_part, named_model, part_of, place_of
from genlab_widgets.projects.labeling_config import LabelingConfig
from genlab_widgets.projects.store import Project
from genlab_widgets.training.spec import TrainingSpec

_BYTES = "latin-1"
"""How the config's bytes stand in a text column: one character a byte, so that any encoding comes back unchanged."""


@dataclass(frozen=True)
class Deployment:
    """A change of a labeling config that has been worked out and not yet made.

    Attributes:
        model: The model's row.
        project: Whose config it is.
        before: The config that the change was worked out for.
        after: The config as it shall be.
        undoes: Number of the recorded deployment that this takes back; None for a deployment.
    """

    model: ModelRow
    project: Project
    before: LabelingConfig
    after: LabelingConfig
    undoes: int | None = None

    @property
    def diff(self) -> str:
        """The unified difference, empty when the config names the model already."""
        return self.before.diff(self.after)

    @property
    def labels(self) -> tuple[str, ...]:
        """Values of the labels or choices whose model changes, in the order of the config."""
        part = covered_part(self.model)
        changed = zip(self.before.named(part), self.after.named(part), strict=True)
        return tuple(dict.fromkeys(value for (value, old), (_, new) in changed if old != new))


def is_deployed(model: ModelRow, project: Project) -> bool:
    """Tells whether the project's labeling config names the model now."""
    return any(named_model(named) == model.name for _, named in project.labeling_config.named(covered_part(model)))


def incumbents(spec: TrainingSpec, config: LabelingConfig) -> list[str]:
    """Returns the models that a config names where a training's model would be named, also those from elsewhere."""
    named = [named_model(model) for _, model in config.named(part_of(spec.kind, spec.classifier))]
    return list(dict.fromkeys(name for name in named if name))


def preview(model: ModelRow, project: Project) -> Deployment:
    """Works out how the labeling config changes when it names a model on what the model covers.

    That is entity labels for NER, assertion labels for an assertion model, the choices of its Choices for a classifier.

    Raises:
        Conflict: The config has none of the model's labels (any more).
    """
    config = project.labeling_config
    part = covered_part(model)
    covered = [(value, named) for value, named in config.named(part) if value in model.labels]
    if not covered:
        raise Conflict(
            f"{model.name} cannot be deployed into {project.name}.",
            f"The labeling config has none of its labels: {', '.join(model.labels) or 'it covers none'}.",
            "Choose another model, or put its labels into the labeling config.",
            model=model.name,
        )
    changing = {value: model.name for value, named in covered if named_model(named) != model.name}
    return Deployment(model, project, config, config.with_models(changing, part))


def apply(database: Database, deployment: Deployment, user: str, connection: Connection | None = None) -> bool:
    """Makes a change that :func:`preview` or :func:`undo_preview` worked out, and records it.

    The file changes inside the database's one write transaction: two people who deploy at once come one after the
    other, and the second is told that the config is another one now.

    Args:
        database: The workspace's database.
        deployment: The change.
        user: Who makes it.
        connection: A write transaction to take part in; None makes one. A refusal leaves nothing in it.

    Returns:
        Whether anything had to change.

    Raises:
        Conflict: The labeling config was changed since the preview.
        WorkspaceUnusable: The config cannot be written.
    """
    if deployment.before.source == deployment.after.source:
        return False
    if connection is not None:
        with connection.begin_nested():
            _make(connection, deployment, user, database.place.parent)
    else:
        with database.write() as writing:
            _make(writing, deployment, user, database.place.parent)
    return True


def _make(connection: Connection, deployment: Deployment, user: str, home: Path) -> None:
    """Records a change, then makes it."""
    if deployment.undoes is None:
        connection.execute(
            insert(deployments).values(
                model=deployment.model.name,
                project=deployment.project.name,
                project_place=place_of(deployment.project, home),
                user=user,
                at=now(),
                before=deployment.before.source.decode(_BYTES),
                after=deployment.after.source.decode(_BYTES),
                undone=False,
            )
        )
    else:
        statement = update(deployments).where(deployments.c.row == deployment.undoes)
        connection.execute(statement.values(undone=True, undone_at=now(), undone_by=user))
    # Last, so that a config which cannot be written leaves no record.
    deployment.project.save_config(deployment.after, deployment.before)


def undo_preview(database: Database, model: ModelRow, project: Project) -> Deployment:
    """Works out how the last deployment of a model into a project is taken back.

    A config that nobody touched since gets its very bytes back. Otherwise only the ``model`` attributes that still
    name this model go back to what they were; edits of anything else stay.

    Raises:
        Conflict: The model is not deployed, or it cannot be told what a label named before.
    """
    query = (
        select(deployments.c.row, deployments.c.before, deployments.c.after)
        .where(
            deployments.c.model == model.name, deployments.c.project_place == place_of(project, database.place.parent)
        )
        .where(deployments.c.undone.is_(False))
        .order_by(deployments.c.row.desc())
    )
    with database.read() as connection:
        found = connection.execute(query).first()
    config = project.labeling_config
    if found is None:
        raise _cannot_undo(model, "No deployment of it is recorded that was not taken back already.", config)
    if config.source == found.after.encode(_BYTES):
        before = LabelingConfig.parse(found.before.encode(_BYTES))
    else:
        before = _without(model, config, LabelingConfig.parse(found.before.encode(_BYTES)))
    part = covered_part(model)
    gone = _deleted(database, {named_model(named) for _, named in before.named(part) if named})
    if gone:
        before = before.with_models(
            {value: None for value, named in before.named(part) if named_model(named) in gone}, part
        )
    return Deployment(model, project, config, before, found.row)


def _deleted(database: Database, names: set[str]) -> set[str]:
    """Returns those of these models that were trained and deployed here once, and are deleted."""
    with database.read() as connection:
        known = set(connection.scalars(select(deployments.c.model).where(deployments.c.model.in_(names))))
        return known - set(connection.scalars(select(models.c.name).where(models.c.name.in_(names))))


def _without(model: ModelRow, config: LabelingConfig, earlier: LabelingConfig) -> LabelingConfig:
    """Returns the present config with the labels that name the model naming what they named earlier."""
    part = covered_part(model)
    now_named = {value for value, named in config.named(part) if named_model(named) == model.name}
    if not now_named:
        raise _cannot_undo(model, "The labeling config does not name it any more: someone changed it since.", config)
    named_before: dict[str, set[str | None]] = defaultdict(set)
    for value, named in earlier.named(part):
        named_before[value].add(named)
    unclear = sorted(value for value in now_named if len(named_before[value]) != 1)
    others = sorted(
        value for value, named in config.named(part) if value in now_named and named_model(named) != model.name
    )
    if unclear or others:
        why = (
            f"The labeling config was changed since, and what {', '.join(unclear or others)} named before is not clear."
        )
        raise _cannot_undo(model, why, config)
    return config.with_models({value: next(iter(named_before[value])) for value in now_named}, part)


def _cannot_undo(model: ModelRow, why: str, config: LabelingConfig) -> Conflict:
    named = sorted({name for _, name in config.named(covered_part(model)) if name})
    return Conflict(
        f"The deployment of {model.name} cannot be taken back.",
        why,
        f"Edit the labeling config by hand, or deploy another model; it names {', '.join(named) or 'no model'} now.",
        model=model.name,
    )
