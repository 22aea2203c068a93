"""Trainers: which one trains what, and the interface that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genlab_widgets.errors import WrongParameters
from genlab_widgets.training.trainers.base import Demanded, Rows, Trained, Trainer

if TYPE_CHECKING:
    from genlab_widgets.training.spec import TrainingSpec

__all__ = ["Demanded", "Rows", "Trained", "Trainer", "trainer_for"]


def trainer_for(spec: TrainingSpec) -> Trainer:
    """Returns the trainer of a spec.

    Raises:
        WrongParameters: There is none for kind, library and architecture of the spec.
    """
    if spec.custom_script:
        return _custom(spec)
    wanted = (spec.kind, spec.library, spec.architecture)
    if wanted == ("ner", "open_source", "annotator"):
        from genlab_widgets.training.trainers.ner import NerDL

        return NerDL()
    if wanted == ("ner", "open_source", "fine_tuned"):
        from genlab_widgets.training.trainers.finetuned_ner import FineTunedNer

        return FineTunedNer()
    if wanted == ("classification", "open_source", "annotator"):
        from genlab_widgets.training.trainers.classification import Classifier

        return Classifier()
    if wanted == ("assertion", "open_source", "annotator"):
        from genlab_widgets.training.trainers.assertion import AssertionDL

        return AssertionDL()
    raise WrongParameters(
        f"There is no trainer for {spec.kind} as {spec.architecture} with the library {spec.library}.",
        "The open-source library trains NER, classification and assertion on frozen embeddings, and fine-tunes NER.",
        "Choose these.",
    )


def _custom(spec: TrainingSpec) -> Trainer:
    if (spec.kind, spec.library) != ("ner", "open_source"):
        raise WrongParameters(
            f"A training script of one's own cannot train {spec.kind} with the library {spec.library}.",
            "It trains NER with the open-source library.",
            "Leave custom_script out, or train NER.",
            fields={"custom_script": "It trains NER."},
        )
    from genlab_widgets.training.trainers.custom import CustomScript

    return CustomScript()
