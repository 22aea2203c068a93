"""``Model``: a trained pipeline, its quality, and the labeling config that names it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlab_widgets.errors import BadInput, NotFound

if TYPE_CHECKING:
    from genlab_widgets.models.deployment import Deployment
    from genlab_widgets.models.preannotation import Preannotation
    from genlab_widgets.models.registry import ModelRow
    from genlab_widgets.projects.labeling_config import LabelingConfig
    from genlab_widgets.training.runfolder import Result
    from genlab_widgets.training.scores import Benchmark
    from genlab_widgets.workspace._project import Project
    from genlab_widgets.workspace._run import Run
    from genlab_widgets.workspace._text_reader import TextReader
    from genlab_widgets.workspace._workspace import Workspace


class Model:
    """One trained model. Made by :meth:`Workspace.model`."""

    def __init__(self, workspace: Workspace, row: ModelRow) -> None:
        self.workspace = workspace
        self.row = row

    def __repr__(self) -> str:
        return f"Model({self.name!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Model) and self.name == other.name and self.workspace.home == other.workspace.home

    def __hash__(self) -> int:
        return hash(self.name)

    @property
    def name(self) -> str:
        """Unique name, which the labeling config uses."""
        return self.row.name

    @property
    def version(self) -> int:
        """1, 2, 3 ... of the same name."""
        return self.row.version

    @property
    def kind(self) -> str:
        """What it was trained for."""
        return self.row.kind

    @property
    def project(self) -> str:
        """Name of the project it was trained on."""
        return self.row.project

    @property
    def source(self) -> str:
        """``manual``, ``active_learning`` or ``batch``."""
        return self.row.source

    @property
    def user(self) -> str:
        """Who asked for the training."""
        return self.row.user

    @property
    def run_id(self) -> str:
        """The run that trained it."""
        return self.row.run_id

    @property
    def run(self) -> Run:
        """The run that trained it.

        Raises:
            NotFound: The run is gone.
        """
        return self.workspace.run(self.run_id)

    @property
    def created_at(self) -> datetime:
        """When it was trained, in UTC."""
        return self.row.created_at

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels that it finds."""
        return self.row.labels

    @property
    def scores(self) -> dict[str, Any]:
        """Headline scores on the held-out tasks (``precision``, ``recall``, ``f1`` ...)."""
        return self.row.scores

    @property
    def f1(self) -> float | None:
        """Headline F1."""
        f1: float | None = self.row.scores.get("f1")
        return f1

    @property
    def language(self) -> str:
        """ISO 639-1 code of the texts it learned from."""
        return self.row.language

    @property
    def size(self) -> int:
        """Bytes of the saved pipeline."""
        return self.row.size

    @property
    def folder(self) -> Path:
        """The saved Spark NLP pipeline, which takes raw text."""
        return self.workspace.model_rows.run_folder(self.row).model

    @property
    def result(self) -> Result | None:
        """``result.json`` of its run: what was trained, why and how well; None if the run's files are gone."""
        return self.workspace.model_rows.run_folder(self.row).read_result()

    @property
    def benchmark(self) -> Benchmark | None:
        """Everything measured on the held-out tasks; None if its run's files are gone."""
        result = self.result
        return result.benchmark if result else None

    @property
    def labeling_config(self) -> LabelingConfig:
        """The labeling config of its project, as it is now.

        Raises:
            NotFound: The project is gone.
        """
        return self._project().labeling_config

    @property
    def deployed(self) -> bool:
        """Whether the labeling config of its own project names it now; one that cannot be read names none."""
        from genlab_widgets.models import deployment

        try:
            return deployment.is_deployed(self.row, self._project().stored)
        except (NotFound, BadInput):
            return False

    @property
    def deployed_in(self) -> list[str]:
        """Names of the projects whose labeling config names it now, its own first."""
        return self.named_by(self.workspace.deployed())

    def named_by(self, deployed: Mapping[str, Sequence[str]]) -> list[str]:
        """Returns :attr:`deployed_in` from what :meth:`Workspace.deployed` found: one look serves many models."""
        own = [self.project] if self.deployed else []
        return list(dict.fromkeys([*own, *deployed.get(self.name, ())]))

    def deploy_preview(self, project: str | None = None) -> Deployment:
        """Works out how a labeling config changes; changes nothing.

        Args:
            project: The project; None takes the one that the model was trained on.

        Returns:
            The change: ``.diff`` (unified, empty when it is deployed already), ``.labels``, ``.before``, ``.after``.

        Raises:
            NotFound: The project is gone.
            Conflict: The labeling config has none of the model's labels.
        """
        from genlab_widgets.models import deployment

        return deployment.preview(self.row, self._project(project).stored)

    def deploy(self, preview: Deployment | None = None, project: str | None = None) -> Deployment:
        """Lets a labeling config name this model on the labels that it covers.

        Args:
            preview: The change that the user has seen; None works it out now.
            project: The project; None takes the preview's, or the one that the model was trained on.

        Raises:
            NotAllowed: The user's role in the project does not allow it.
            NotFound: There is no such project.
            Conflict: The labeling config was changed since the preview, or has none of the model's labels.
        """
        return self._apply(preview or self.deploy_preview(project))

    def undo_preview(self, project: str | None = None) -> Deployment:
        """Works out how the last deployment of this model is taken back; changes nothing.

        Args:
            project: The project; None takes the one that the model was trained on.

        Raises:
            NotFound: The project is gone.
            Conflict: It is not deployed, or the labeling config was changed so that this is not clear.
        """
        from genlab_widgets.models import deployment

        return deployment.undo_preview(self.workspace.database, self.row, self._project(project).stored)

    def undo_deploy(self, preview: Deployment | None = None, project: str | None = None) -> Deployment:
        """Takes the last deployment of this model back.

        Args:
            preview: The change that the user has seen; None works it out now.
            project: The project; None takes the preview's, or the one that the model was trained on.

        Raises:
            NotAllowed: The user's role in the project does not allow it.
            Conflict: It is not deployed, or the labeling config was changed so that this is not clear.
        """
        return self._apply(preview or self.undo_preview(project))

    def load(self, spark: Any) -> Any:
        """Returns the model as a plain Spark NLP ``PipelineModel`` (``text`` in, ``ner_chunk`` out).

        Args:
            spark: The Spark session, from ``genlab_widgets.training.spark.session.start`` or your own.

        Raises:
            NotFound: The saved pipeline is gone.
        """
        from pyspark.ml import PipelineModel

        from genlab_widgets.training.spark.places import Place, address

        if not self.folder.is_dir():
            step = "Train again with the same settings."
            raise NotFound(f"The files of {self.name} are gone.", f"{self.folder} is not there.", step, model=self.name)
        # A link that the folder's name makes necessary stays: Spark may read from it later.
        return PipelineModel.read().session(spark).load(address(Place(self.folder.parent).path / self.folder.name))

    def evaluate(self, project: str | None = None) -> Benchmark:
        """Measures the model on the test part of a project as it is now, without tasks that it has learned from.

        Args:
            project: Name of the project; None takes the model's own.

        Raises:
            NotFound: The project or the model's files are gone.
            TooFewCompletions: There is no test task that it has not learned from.
            WrongParameters: The project has no such Choices.
        """
        from genlab_widgets.training import evaluation, preparation
        from genlab_widgets.training.spark import session

        folder = self.workspace.model_rows.run_folder(self.row)
        asked = self.run.spec
        measured = self._project(project)
        prepared = preparation.prepare(measured.stored, asked.model_copy(update={"project": measured.name}))
        with session.borrowed("evaluate") as spark:
            return evaluation.measure(spark, self.name, folder, prepared, asked.seed)

    def preannotate(
        self,
        files: Sequence[Path | str] = (),
        everything: bool = False,
        progress: Callable[[int], None] | None = None,
        min_score: float | None = None,
    ) -> Preannotation:
        """Lets this model read files, or the tasks of its project that nobody has completed.

        Args:
            files: Texts (UTF-8), images, PDFs, or folders of them; none means the project's tasks.
            everything: Of the project, also the tasks with completions.
            progress: Called with the number of pieces read so far.
            min_score: What has a lower score (0 to 1) is left out; what has none stays. None keeps all.

        Returns:
            Tasks with predictions, in the form of an export.

        Raises:
            NotFound: A file, the project or the model's files are gone.
            BadInput: A file is neither a text nor pages.
            Conflict: An assertion model has no deployed NER model beside it.
            WrongParameters: ``min_score`` is not from 0 to 1.
        """
        return self._project().preannotate(files, everything, progress, models=[self], min_score=min_score)

    def reader(self) -> TextReader:
        """Returns what reads single texts with this model, in a process that stays until it is closed."""
        from genlab_widgets.workspace._text_reader import TextReader

        return TextReader(self)

    def _project(self, name: str | None = None) -> Project:
        return self.workspace.project(name or self.row.project_place)

    def _apply(self, change: Deployment) -> Deployment:
        from genlab_widgets.models import deployment
        from genlab_widgets.workspace._project import Project

        self.workspace.require(Project(self.workspace, change.project), "deploy")
        deployment.apply(self.workspace.database, change, self.workspace.user)
        return change
