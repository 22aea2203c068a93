"""The training spec: what a run was asked to do, validated, seeded and hashed."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from genlab_widgets.errors import WrongParameters

Kind = Literal["ner", "classification", "assertion", "visual_ner"]
Library = Literal["open_source", "healthcare", "finance", "legal", "visual_nlp"]
Architecture = Literal["automatic", "annotator", "fine_tuned", "crf"]
Head = Literal["automatic", "logistic_regression", "classifier_dl"]
_FINE_TUNED = {"epochs": 5, "learning_rate": 2e-4, "batch_size": 16, "dropout": 0.1, "decay": 0.01}
_FINE_TUNED_PAGES = {**_FINE_TUNED, "epochs": 10, "batch_size": 4}
"""A page has hundreds of words, and projects of pages are small: more passes, smaller batches."""
_OWN_DEFAULTS: dict[tuple[str, str], dict[str, Any]] = {
    ("classification", "annotator"): {"epochs": 30, "batch_size": 32},
    ("classification", "automatic"): {"epochs": 30, "batch_size": 32},
    ("ner", "fine_tuned"): _FINE_TUNED,
    ("ner", "automatic"): _FINE_TUNED,
    ("ner", "crf"): {"epochs": 100},
    ("classification", "fine_tuned"): {**_FINE_TUNED, "epochs": 10},
    ("assertion", "fine_tuned"): {**_FINE_TUNED, "epochs": 6},
    ("visual_ner", "annotator"): {"epochs": 25},
    ("visual_ner", "fine_tuned"): _FINE_TUNED_PAGES,
    ("visual_ner", "automatic"): _FINE_TUNED_PAGES,
}
"""Defaults of a kind and architecture where they are not those of the fields; see ``docs/benchmarks.md``."""


def defaults(kind: str, architecture: str) -> dict[str, Any]:
    """Returns the default parameters of a kind of model, by field."""
    names = ("epochs", "learning_rate", "decay", "dropout", "batch_size")
    usual = {name: TrainingSpec.model_fields[name].default for name in names}
    return {**usual, **_OWN_DEFAULTS.get((kind, architecture), {})}


class TrainingSpec(BaseModel):
    """All fields of one training. The papermill parameters and ``spec.json`` are these fields.

    Defaults of the numeric fields are chosen by the tables in ``docs/benchmarks.md``; some kinds have their own
    (:func:`defaults`). ``head`` and ``classifier`` belong to classification.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    project: str = Field(min_length=1, title="Project")
    kind: Kind = Field("ner", title="What to train")
    library: Library = Field("open_source", title="Library")
    architecture: Architecture = Field("automatic", title="Architecture")
    head: Head = Field("automatic", title="Classifier")
    embeddings: str = Field("automatic", min_length=1, title="Embeddings")
    epochs: int = Field(10, ge=1, le=1000, title="Epochs")
    learning_rate: float = Field(0.003, gt=0, le=1, title="Learning rate")
    decay: float = Field(0.005, ge=0, le=1, title="Decay")
    dropout: float = Field(0.3, ge=0, lt=1, title="Dropout")
    batch_size: int = Field(8, ge=1, le=1024, title="Batch")
    validation_split: float = Field(0.2, gt=0, lt=1, title="Test part")
    test_train_tags: bool = Field(False, title="Use Test/Train tags")
    tags: tuple[str, ...] = Field((), title="Only tasks with one of these tags")
    completion_status: Literal["submitted", "reviewed"] = Field("submitted", title="Completions")
    seed: int = Field(42, ge=0, le=2**31 - 1, title="Seed")
    use_gpu: bool = Field(False, title="Use available GPU")
    deploy: Literal["none", "immediately", "if_better"] = Field("none", title="Deploy")
    classifier: str | None = Field(None, title="Choices name")
    custom_script: str | None = Field(None, title="Custom training script")
    leave_out_labels: tuple[str, ...] = Field((), title="Labels left out")
    source: Literal["manual", "active_learning", "batch"] = Field("manual", title="Source")

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_the_kind(cls, fields: Any) -> Any:
        if not isinstance(fields, dict):
            return fields
        chosen = str(fields.get("kind", "ner")), str(fields.get("architecture", "automatic"))
        return {**_OWN_DEFAULTS.get(chosen, {}), **fields}

    @model_validator(mode="after")
    def _tags_exclude_each_other(self) -> TrainingSpec:
        if self.test_train_tags and {tag.lower() for tag in self.tags} & {"test", "train"}:
            raise ValueError("tags cannot name Test or Train when the split follows those tags")
        return self

    @classmethod
    def parse(cls, fields: dict[str, Any]) -> TrainingSpec:
        """Builds a spec from untrusted fields.

        Raises:
            WrongParameters: A field is unknown or out of range; ``details["fields"]`` maps field to message.
        """
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            problems = {
                ".".join(str(part) for part in item["loc"]) or "spec": item["msg"].removeprefix("Value error, ")
                for item in error.errors()
            }
            listed = "; ".join(f"{field}: {message}" for field, message in problems.items())
            raise WrongParameters(
                "The training cannot start with these parameters.",
                f"{listed}.",
                "Correct the named fields and start again.",
                fields=problems,
            ) from error

    def parameters(self) -> dict[str, Any]:
        """Returns the fields as JSON-able papermill parameters."""
        return self.model_dump(mode="json")

    def digest(self) -> str:
        """Returns the SHA-256 (hex, 64 characters) of the canonical fields."""
        canonical = json.dumps(self.parameters(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()
