"""The trained models: named, versioned and never overwritten.

The registry keeps what can be listed and filtered; the model itself stays where its run saved it,
``<home>/runs/<run_id>/model``, so that a model and the record of its training cannot part.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, insert, select

from genlab_widgets.database import Database, deployments, models, now
from genlab_widgets.errors import NotFound
from genlab_widgets.projects.labeling_config import Covered
from genlab_widgets.projects.store import Project, open_project, projects_folder
from genlab_widgets.training.runfolder import Result, RunFolder
from genlab_widgets.training.spec import TrainingSpec


@dataclass(frozen=True)
class ModelRow:
    """One model as the database has it.

    Attributes:
        name: Unique name, which the labeling config uses.
        base: The name without its version.
        version: 1, 2, 3 ... of one base.
        project: Name of the project.
        project_place: Name of the project in the workspace, or the path of its folder elsewhere.
        labels: Labels that the model finds.
        scores: Headline scores on the held-out rows; those that the kind does not have are absent. Of pages also
            ``words`` and ``regions``, each with precision, recall and F1.
        language: ISO 639-1 code of the texts.
        size: Bytes of the saved pipeline.
        created_at: UTC.
    """

    name: str
    base: str
    version: int
    kind: str
    source: str
    project: str
    project_place: str
    run_id: str
    user: str
    labels: tuple[str, ...]
    scores: dict[str, Any]
    language: str
    size: int
    created_at: datetime


_COLUMNS = tuple(models.c[field.name] for field in fields(ModelRow))


def _row(mapping: Mapping[str, Any]) -> ModelRow:
    return ModelRow(**{**mapping, "labels": tuple(mapping["labels"])})


def base_name(spec: TrainingSpec, project: str) -> str:
    """Returns the name of a model without its version, as deployment writes it into the labeling config.

    Args:
        spec: The training; a classifier is named after its Choices, every other model after the project.
        project: The project's name.
    """
    subject = spec.classifier if spec.kind == "classification" and spec.classifier else project
    trained_by = "active_learning" if spec.source == "active_learning" else "manual"
    return f"{spec.kind}_{subject}_annotation_{trained_by}"


def covered_part(row: ModelRow) -> Covered:
    """Returns the part of a labeling config that a model can be named in."""
    if row.kind == "classification":
        subject = row.base.removeprefix("classification_").removesuffix("_active_learning").removesuffix("_manual")
        return part_of(row.kind, subject.removesuffix("_annotation"))
    return part_of(row.kind)


def part_of(kind: str, classifier: str | None = None) -> Covered:
    """Returns the part of a labeling config that models of a kind can be named in.

    Args:
        kind: The kind.
        classifier: Name of the Choices that a classifier answers.
    """
    if kind == "classification":
        return Covered("choices", classifier or "")
    return Covered("assertion" if kind == "assertion" else "entities")


def named_model(named: str | None) -> str:
    """Returns the model that a labeling config names; exports of the annotation tool add an ending to its name."""
    return (named or "").removesuffix(".model")


def place_of(project: Project, home: Path) -> str:
    """Returns how a project is found again: its name in the workspace, or the path of its folder elsewhere."""
    folder = project.folder.absolute()
    return folder.name if folder.parent == projects_folder(home).absolute() else str(folder)


class Models:
    """The models of one workspace.

    Args:
        database: The workspace's database.
        home: The workspace folder.
    """

    def __init__(self, database: Database, home: Path) -> None:
        self.database = database
        self.home = home

    def run_folder(self, row: ModelRow) -> RunFolder:
        """Returns the folder of the run that trained a model; its ``model`` is the saved pipeline."""
        return RunFolder(self.home / "runs" / row.run_id)

    def register(
        self, connection: Connection, run_id: str, spec: TrainingSpec, result: Result, project: str, user: str
    ) -> ModelRow:
        """Adds the model of a run, with the next version of its name; the same run twice gives the same model.

        Args:
            connection: The write transaction that ends the run: the model is there when the run is COMPLETED,
                and two runs that end at once get two versions.
            run_id: The run.
            spec: What was trained.
            result: Its scores, labels and files.
            project: The project's name.
            user: Who asked for the training.
        """
        known = connection.execute(select(*_COLUMNS).where(models.c.run_id == run_id)).mappings().first()
        if known is not None:
            return _row(dict(known))
        base = base_name(spec, project)
        version = 1 + self._highest(connection, base)
        place, language = self._origin(spec, project)
        row = ModelRow(
            name=base if version == 1 else f"{base}_v{version}",
            base=base,
            version=version,
            kind=spec.kind,
            source=spec.source,
            project=project,
            project_place=place,
            run_id=run_id,
            user=user,
            labels=tuple(result.benchmark.labels) if result.benchmark else (),
            scores=result.scores.model_dump(exclude_none=True),
            language=language,
            size=sum(result.model_files.values()),
            created_at=now(),
        )
        values = {field.name: getattr(row, field.name) for field in fields(row)} | {"labels": list(row.labels)}
        connection.execute(insert(models).values(**values))
        return row

    def _highest(self, connection: Connection, base: str) -> int:
        """Returns the highest version of a name: of the models there are, and of those that were deployed once."""
        own = connection.scalar(select(func.max(models.c.version)).where(models.c.base == base)) or 0
        deployed = connection.scalars(
            select(deployments.c.model).where(deployments.c.model.startswith(base)).distinct()
        )
        versions = (re.fullmatch(r"(?:_v(\d+))?", name.removeprefix(base)) for name in deployed)
        return max([int(own), *(int(found[1] or 1) for found in versions if found)])

    def _origin(self, spec: TrainingSpec, project: str) -> tuple[str, str]:
        """Returns place and language of the project; a finished run can be adopted after its project went."""
        try:
            found = open_project(self.home, spec.project)
        except NotFound:
            return project, "en"
        return place_of(found, self.home), found.language

    def get(self, name: str) -> ModelRow:
        """Returns one model.

        Raises:
            NotFound: There is no model of that name.
        """
        with self.database.read() as connection:
            found = connection.execute(select(*_COLUMNS).where(models.c.name == name)).mappings().first()
        if found is None:
            raise NotFound(f"There is no model {name!r}.", "", "List the models: genlab models.", model=name)
        return _row(dict(found))

    def list(self, project: str | None = None, limit: int | None = None, offset: int = 0) -> list[ModelRow]:
        """Returns models, the newest first."""
        query = select(*_COLUMNS).order_by(models.c.row.desc()).offset(offset)
        if project is not None:
            query = query.where(models.c.project == project)
        if limit is not None:
            query = query.limit(limit)
        with self.database.read() as connection:
            return [_row(dict(found)) for found in connection.execute(query).mappings()]
