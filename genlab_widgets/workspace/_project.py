"""``Project``: what was imported, whether it suffices, and how it is trained."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlab_widgets.errors import BadLabelingConfig, Conflict, DownloadFailed, WrongParameters
from genlab_widgets.projects import store
from genlab_widgets.projects.naming import safe_name
from genlab_widgets.training.offers import ALL

if TYPE_CHECKING:
    from genlab_widgets.models.preannotation import Given, Preannotation
    from genlab_widgets.projects.active_learning import ActiveLearning
    from genlab_widgets.projects.labeling_config import LabelingConfig, LintFinding
    from genlab_widgets.projects.members import Members
    from genlab_widgets.projects.scripts import Script, Scripts
    from genlab_widgets.projects.tasks import Completion, Task
    from genlab_widgets.training.embeddings import EmbeddingsChoice
    from genlab_widgets.training.offers import Offer
    from genlab_widgets.training.readiness import Readiness
    from genlab_widgets.training.spec import TrainingSpec
    from genlab_widgets.workspace._model import Model
    from genlab_widgets.workspace._reading import Reading
    from genlab_widgets.workspace._run import Run
    from genlab_widgets.workspace._workspace import Workspace


class Project:
    """One imported project of a workspace. Made by :meth:`Workspace.project`."""

    def __init__(self, workspace: Workspace, stored: store.Project) -> None:
        self.workspace = workspace
        self.stored = stored

    def __repr__(self) -> str:
        return f"Project({self.name!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Project) and self.folder == other.folder

    def __hash__(self) -> int:
        return hash(self.folder)

    @property
    def name(self) -> str:
        """The project's name; run ids and model names begin with it."""
        return safe_name(self.stored.name)

    @property
    def title(self) -> str:
        """The name as its people wrote it, in any script."""
        return self.stored.title

    @property
    def place(self) -> str:
        """What opens the project again: its name, or the path of its folder outside the workspace."""
        from genlab_widgets.models.registry import place_of

        return place_of(self.stored, self.workspace.home)

    @property
    def description(self) -> str:
        """What the export says of the project; may be empty."""
        return self.stored.description

    @property
    def language(self) -> str:
        """ISO 639-1 code of the texts."""
        return self.stored.language

    @property
    def task_count(self) -> int:
        """How many tasks there are."""
        return self.stored.task_count

    @property
    def folder(self) -> Path:
        """Where the project lies."""
        return self.stored.folder

    @property
    def members(self) -> Members:
        """The people in priority order, with their roles, as they are now."""
        return self.stored.members

    @property
    def labeling_config(self) -> LabelingConfig:
        """The labeling config as it is now."""
        return self.stored.labeling_config

    @property
    def config_source(self) -> bytes:
        """The bytes of the labeling config, also where somebody broke them outside."""
        return self.stored.config_source

    def lint(self, source: bytes | str) -> list[LintFinding]:
        """Returns what is wrong or risky in a labeling config, errors first; one that cannot be read has one error."""
        from genlab_widgets.projects.labeling_config import LabelingConfig, LintFinding

        try:
            return LabelingConfig.parse(source).lint()
        except BadLabelingConfig as error:
            line, column = error.details["line"], error.details["column"]
            why = error.why.removeprefix(f"Line {line}, column {column}: ")
            return [LintFinding("error", line, column, why[:1].upper() + why[1:])]

    def save_labeling_config(self, source: bytes, expected: bytes) -> LabelingConfig:
        """Replaces the labeling config; the one that it replaces is kept in the project's history.

        Args:
            source: The config as it shall be.
            expected: The config that the change was made for.

        Raises:
            NotAllowed: The user's role in the project does not allow it.
            BadLabelingConfig: It has an error; the message names the first by its line.
            Conflict: The config was changed meanwhile.
            WorkspaceUnusable: The project folder cannot be written.
        """
        from genlab_widgets.projects.labeling_config import LabelingConfig

        self.workspace.require(self, "configure")
        errors = [finding for finding in self.lint(source) if finding.severity == "error"]
        if errors:
            first = errors[0]
            raise BadLabelingConfig(
                f"The labeling config was not saved: it has {'an error' if len(errors) == 1 else 'errors'}.",
                f"Line {first.line}, column {first.column}: {first.message}",
                "Correct it and save again.",
                line=first.line,
                column=first.column,
            )
        new = LabelingConfig.parse(source)
        with self.workspace.database.write():  # a deployment that is made at the same time comes before or after
            self.stored.save_config(new, expected)
        return new

    def save_members(self, members: Members, expected: Members) -> None:
        """Replaces the order of the members and their roles.

        Args:
            members: As they shall be.
            expected: The members that the change was made for.

        Raises:
            NotAllowed: The user's role in the project does not allow it; only an owner says who owns it.
            WrongParameters: Nobody could change the project any more.
            Conflict: The members were changed meanwhile.
            WorkspaceUnusable: The project folder cannot be written.
        """
        from genlab_widgets.workspace import _roles

        self.workspace.require(self, "configure")
        if members.priority and not any(members.may_train(name) for name in members.priority):
            raise WrongParameters(
                "The members were not saved: nobody could change the project any more.",
                "None of them is a Project Owner or a Manager.",
                "Give one of them such a role.",
            )
        with self.workspace.database.write():
            _roles.require_owners_kept(self.members, members, self.workspace.user, self.name)
            self.stored.save_members(members, expected)

    @property
    def tags(self) -> dict[str, int]:
        """Tasks by tag, the most frequent first."""
        return dict(self.stored.tag_counts().most_common())

    def offers(self) -> list[Offer]:
        """Returns what this installation can train on the project, each refusal with its reason."""
        from genlab_widgets.training import offers

        return offers.offers(self.labeling_config, self.script)

    @property
    def script(self) -> Script | None:
        """The training script that an owner uploaded; None where the default trains."""
        return self._scripts.present

    @property
    def script_history(self) -> list[Script]:
        """Every training script that was uploaded, the newest first."""
        return self._scripts.history()

    def upload_script(self, source: Path | str | bytes, name: str | None = None) -> Script:
        """Checks a training script, without running it, and offers it in place of the default training.

        Args:
            source: A ``.py`` or ``.ipynb`` file, or its content.
            name: Its file name; needed with content.

        Raises:
            NotAllowed: The user is no owner of the project.
            BadTrainingScript: It does not compile, or does not declare what runs; the message names the line.
            WorkspaceUnusable: The project folder cannot be written.
        """
        self._require_owner()
        return self._scripts.upload(source if isinstance(source, bytes) else Path(source), name, self.workspace.user)

    def remove_script(self) -> None:
        """Brings the default training back; runs that were started with a script keep it.

        Raises:
            NotAllowed: The user is no owner of the project.
            WorkspaceUnusable: The project folder cannot be written.
        """
        self._require_owner()
        self._scripts.remove(self.workspace.user)

    @property
    def _scripts(self) -> Scripts:
        from genlab_widgets.projects.scripts import Scripts

        return Scripts(self.folder)

    def _require_owner(self) -> None:
        from genlab_widgets.workspace import _roles

        _roles.require_owner(self.members, self.workspace.user, self.name)

    def embeddings(self) -> list[EmbeddingsChoice]:
        """Returns the embeddings to choose from for this project's language."""
        from genlab_widgets.training.embeddings import catalogue

        return catalogue(self.language)

    def check(self, **fields: Any) -> Readiness:
        """Says whether the project can be trained with these settings, before anything of Spark starts.

        Args:
            **fields: Fields of :class:`~genlab_widgets.training.spec.TrainingSpec` other than ``project``; the kind
                ``all`` checks every kind that the labeling config describes.

        Returns:
            Findings (``ok``, ``warn``, ``fail``), tasks by reason, examples by label and an estimate.

        Raises:
            WrongParameters: A field is unknown, out of range or not offered here.
            NoLicense: A licensed library was chosen.
            NotFound: The path of the embeddings does not exist.
            DownloadFailed: The embeddings are not here and cannot be fetched.
        """
        if fields.get("kind") == ALL:
            from genlab_widgets.workspace._group import check_all

            return check_all(self, fields)
        return self._check(self.spec(**fields))

    def train(self, key: str | None = None, group: str | None = None, **fields: Any) -> Run:
        """Starts a training in a process of its own and returns its run at once.

        Args:
            key: Idempotency key: the same key with the same settings gives the same run, however often it is sent.
            group: Name of the group that the run belongs to, see :meth:`train_all`.
            **fields: Fields of :class:`~genlab_widgets.training.spec.TrainingSpec` other than ``project``.

        Raises:
            NotAllowed: The user's role in the project does not allow it.
            WrongParameters: A field is unknown, out of range or not offered here.
            NoLicense: A licensed library was chosen.
            GenlabError: What :meth:`check` found that blocks; no run was made.
            WorkspaceUnusable: The run cannot be stored.
        """
        from genlab_widgets.runs import launcher
        from genlab_widgets.workspace._run import Run

        workspace = self.workspace
        workspace.require(self, "train")
        spec = self.spec(**fields)
        readiness = self._check(spec)
        readiness.raise_if_not_ready()
        row = launcher.submit(
            workspace.database,
            workspace.home,
            spec,
            project=self.name,
            user=workspace.user,
            key=key,
            memory_mb=readiness.estimate.memory_mb,
            group=group,
        )
        return Run(workspace, row)

    def train_all(self, key: str | None = None, **fields: Any) -> list[Run]:
        """Starts one training for each kind of model that the labeling config describes, as one group.

        They run side by side where cores and memory allow it. One that cannot start or fails does not stop the others;
        one that cannot start is in the list as a run that FAILED before its process was made.

        Args:
            key: Idempotency key of the whole group.
            **fields: Fields of the spec that all of them have; those that a kind does not have are left out.

        Raises:
            NotAllowed: The user's role in the project does not allow it.
            WrongParameters: The labeling config describes nothing that can be trained.
            GenlabError: None of them could be started; the first reason.
        """
        from genlab_widgets.workspace._group import start_all

        return start_all(self, key, fields)

    def delete(self, with_runs: bool = False) -> None:
        """Deletes the project for good: its tasks, labeling config and scripts.

        Args:
            with_runs: Also its runs, with their notebooks, logs and models. Without, they stay.

        Raises:
            NotAllowed: The user's role does not allow it.
            Conflict: One of its runs has not ended, or one of its models is deployed in another project.
            WorkspaceUnusable: The workspace cannot be written.
        """
        from genlab_widgets.workspace import _deleting

        _deleting.delete_project(self, with_runs)

    @property
    def active_learning(self) -> ActiveLearning | None:
        """When the project trains again by itself; None where it does not.

        Raises:
            BadInput: Somebody damaged what was stored of it.
        """
        from genlab_widgets.projects import active_learning

        return active_learning.read(self.stored)

    @property
    def new_completions(self) -> int:
        """How many usable completions no training has seen; counted where active learning is on, else 0."""
        from genlab_widgets.workspace._active_learning import last_training

        state = self.active_learning
        return 0 if state is None else state.new(last_training(self))

    def active_learning_fields(self) -> dict[str, Any]:
        """Returns the state of active learning as JSON-able fields, as command line and REST show it."""
        state = self.active_learning
        if state is None:
            return {"project": self.name, "on": False}
        return {
            "project": self.name,
            "on": True,
            "every": state.threshold,
            "new": self.new_completions,
            "user": state.user,
            "settings": state.fields,
            "problem": state.problem,
        }

    def start_active_learning(self, every: int = 50, **fields: Any) -> ActiveLearning:
        """Lets the project train again whenever an import has brought so many new completions.

        The trainings run in the name of this user. Their models are deployed if they are better on the test tasks
        than those that are deployed, unless ``deploy`` is given.

        Args:
            every: After so many new completions.
            **fields: Fields of the spec of these trainings, as for :meth:`train`; the kind may be ``all``.

        Raises:
            NotAllowed: The user's role in the project does not allow trainings.
            WrongParameters: A field is unknown, out of range or not offered here, or ``every`` is no positive number.
            WorkspaceUnusable: The project folder cannot be written.
        """
        from genlab_widgets.projects import active_learning

        self.workspace.require(self, "train")
        from genlab_widgets.workspace import _group

        for own in _group.fields_by_kind(self, fields) if fields.get("kind") == ALL else [fields]:
            self.spec(**own)
        return active_learning.begin(self.stored, every, fields, self.workspace.user)

    def stop_active_learning(self) -> None:
        """Lets the project train only when somebody asks for it.

        Raises:
            NotAllowed: The user's role in the project does not allow trainings.
            WorkspaceUnusable: The project folder cannot be written.
        """
        from genlab_widgets.projects import active_learning

        self.workspace.require(self, "train")
        active_learning.end(self.stored)

    def start(self, key: str | None = None, **fields: Any) -> list[Run]:
        """Starts what the fields ask for: one training, or with the kind ``all`` one for each kind.

        Args:
            key: Idempotency key, see :meth:`train`.
            **fields: As for :meth:`train`.

        Raises:
            GenlabError: See :meth:`train` and :meth:`train_all`.
        """
        if fields.get("kind") != ALL:
            return [self.train(key=key, **fields)]
        del fields["kind"]
        return self.train_all(key=key, **fields)

    def spec(self, **fields: Any) -> TrainingSpec:
        """Returns the validated settings of a training of this project.

        Without a kind, what the labeling config describes is trained: entities in texts, or on pages.

        Raises:
            WrongParameters: A field is unknown or out of range.
        """
        from genlab_widgets.training.kinds import KINDS, kind_of
        from genlab_widgets.training.offers import default_kind
        from genlab_widgets.training.spec import TrainingSpec

        kind = fields["kind"] if "kind" in fields else default_kind(self.labeling_config)
        spec = TrainingSpec.parse({**fields, "kind": kind, "project": self.place})
        named = [script for script in self._scripts.usable() if script.named_by(spec.custom_script or "")]
        if named:  # with its hash, so that the run can be repeated
            spec = spec.model_copy(update={"custom_script": named[0].reference})
        return kind_of(spec.kind).complete(spec, self.labeling_config) if spec.kind in KINDS else spec

    def _check(self, spec: TrainingSpec) -> Readiness:
        from genlab_widgets.training import embeddings, offers, readiness

        offers.require(spec, self.labeling_config, self._scripts.usable())
        if spec.custom_script:
            self._scripts.content(self._scripts.find(spec.custom_script))  # as it was uploaded
        name = embeddings.choose_automatic(self.language) if spec.embeddings == "automatic" else spec.embeddings
        dimension = embeddings.known_dimension(name, self.language)
        for choice in self.embeddings():
            if choice.name == name and not choice.available:
                step = "Choose others: 'genlab embeddings list' shows which can be used."
                raise DownloadFailed(
                    f"The embeddings {name} cannot be used here.", choice.reason, step, embeddings=name
                )
        return readiness.check(self.stored, spec.model_copy(update={"embeddings": name}), dimension=dimension)

    def runs(self, limit: int | None = 50) -> list[Run]:
        """Returns the runs of this project, the newest first."""
        return self.workspace.runs(project=self.name, limit=limit)

    def models(self) -> list[Model]:
        """Returns the models trained on this project, the newest first."""
        return self.workspace.models(project=self.name)

    def deployed_models(self) -> list[Model]:
        """Returns the trained models that the labeling config names now, the newest first."""
        named = self.named_models()
        return [model for model in self.workspace.models() if model.name in named]

    def named_models(self) -> set[str]:
        """Returns the names of all models that the labeling config names now, also of those from elsewhere."""
        from genlab_widgets.models.registry import named_model

        return {named_model(model) for _, model in self.labeling_config.all_named() if model}

    def preannotate(
        self,
        files: Sequence[Path | str] = (),
        everything: bool = False,
        progress: Callable[[int], None] | None = None,
        models: Sequence[Model] | None = None,
        min_score: float | None = None,
    ) -> Preannotation:
        """Lets models read files, or the tasks of this project that nobody has completed.

        Args:
            files: Texts (UTF-8), images, PDFs, or folders of them; none means the project's tasks.
            everything: Of the project, also the tasks with completions.
            progress: Called with the number of pieces read so far.
            models: Which models; None takes those that the labeling config names.
            min_score: What has a lower score (0 to 1) is left out; what has none stays. None keeps all.

        Returns:
            Tasks with predictions, in the form of an export.

        Raises:
            Conflict: No model is deployed, or an assertion model has no NER model beside it.
            NotFound: A file or the files of a model are gone.
            BadInput: A file is neither a text nor pages.
            WrongParameters: ``min_score`` is not from 0 to 1.
        """
        from genlab_widgets.models import preannotation

        config = self.labeling_config
        pieces = (
            preannotation.pieces_of_files([Path(file).expanduser() for file in files], config)
            if files
            else preannotation.pieces_of_project(self.stored, everything)
        )
        return preannotation.preannotate(self.reading(models), pieces, progress, min_score)

    @property
    def preannotation(self) -> Reading:
        """The pre-annotation of this project in a process of its own: to start, to watch and to download."""
        from genlab_widgets.workspace._reading import Reading

        return Reading(self)

    def reading(self, models: Sequence[Model] | None = None) -> list[Given]:
        """Returns what reads when these models do; an assertion model brings the deployed NER models with it.

        Args:
            models: The models; None takes those that the labeling config names.

        Raises:
            Conflict: There is none.
        """
        deployed = self.deployed_models()
        chosen = deployed if models is None else list(models)
        if not chosen:
            raise Conflict(
                f"{self.name} has no model that could read.",
                "Its labeling config names none that was trained here.",
                "Deploy a model (genlab deploy MODEL), or name one.",
            )
        if all(model.kind == "assertion" for model in chosen):
            chosen += [model for model in deployed if model.kind == "ner"]
        config = self.labeling_config
        return [(model.row, self.workspace.model_rows.run_folder(model.row), config) for model in chosen]

    def task_picture(self, task: Task) -> bytes:
        """Returns the first page of a task as JPEG, upright; empty where the export brought none.

        Raises:
            NotFound: It is gone, or the packages that read it are not installed.
            BadInput: It cannot be read.
        """
        from genlab_widgets.training import page_pictures

        return page_pictures.jpeg(self.folder, task.pages[0]) if task.pages else b""

    def task_boxes(self, task: Task, completion: Completion) -> list[tuple[str, tuple[float, float, float, float]]]:
        """Returns what was marked on the first page of a task: label, and left, top, width, height in percent."""
        from genlab_widgets.training.dataset import Span
        from genlab_widgets.training.page_marks import boxes

        if task.layout is None:
            return []
        return [
            (label, (100 * box.left, 100 * box.top, 100 * (box.right - box.left), 100 * (box.bottom - box.top)))
            for region in completion.regions
            for label in region.labels
            for page, box in boxes(task.layout, Span(region.start, region.end, label))
            if page == 0
        ]

    def preferences(self) -> dict[str, Any]:
        """Returns what the page keeps for this project (wizard step, view, form fields); empty at first."""
        try:
            found = json.loads((self.folder / store.PREFERENCES).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def save_preferences(self, preferences: dict[str, Any]) -> None:
        """Keeps what the page needs to come back to.

        Raises:
            WorkspaceUnusable: The project folder cannot be written.
        """
        store.publish(self.folder / store.PREFERENCES, json.dumps(preferences, ensure_ascii=False, indent=1).encode())
