"""Trainers: which one trains what, and the interface that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genlab_widgets.errors import WrongParameters
from genlab_widgets.training.trainers.base import Rows, Trained, Trainer

if TYPE_CHECKING:
    from genlab_widgets.training.spec import TrainingSpec

__all__ = ["Rows", "Trained", "Trainer", "trainer_for"]


def trainer_for(spec: TrainingSpec) -> Trainer:
    """Returns the trainer of a spec.

    Raises:
        WrongParameters: This version has none for kind, library and architecture of the spec.
    """
    if (spec.kind, spec.library, spec.architecture) == ("ner", "open_source", "annotator"):
        from genlab_widgets.training.trainers.ner import NerDL

        return NerDL()
    raise WrongParameters(
        f"This version cannot train {spec.kind} as {spec.architecture} with the library {spec.library}.",
        "It has a trainer for ner, open_source, annotator.",
        "Choose these, or update genlab-widgets.",
    )
