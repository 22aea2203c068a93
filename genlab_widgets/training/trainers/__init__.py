"""Trainers: which one trains what, and the interface that they share."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from genlab_widgets.errors import WrongParameters
from genlab_widgets.training.trainers.base import Demanded, Rows, Trained, Trainer

if TYPE_CHECKING:
    from genlab_widgets.training.spec import TrainingSpec

__all__ = ["Demanded", "Rows", "Trained", "Trainer", "trainer_for"]


_OPEN = {
    ("ner", "annotator"): ("ner", "NerDL"),
    ("ner", "fine_tuned"): ("finetuned_ner", "FineTunedNer"),
    ("ner", "crf"): ("crf", "WordCrf"),
    ("ner", "automatic"): ("ner_race", "NerRace"),
    ("classification", "annotator"): ("classification", "Classifier"),
    ("classification", "automatic"): ("classifier_race", "ClassifierRace"),
    ("classification", "fine_tuned"): ("finetuned_classifier", "FineTunedClassifier"),
    ("assertion", "annotator"): ("assertion", "AssertionDL"),
    ("assertion", "fine_tuned"): ("finetuned_assertion", "FineTunedAssertion"),
    ("visual_ner", "annotator"): ("visual_nerdl", "VisualNerDL"),
    ("visual_ner", "fine_tuned"): ("finetuned_visual", "FineTunedVisualNer"),
}
"""Module and class of each open trainer: only the one that is asked for is imported."""


def trainer_for(spec: TrainingSpec) -> Trainer:
    """Returns the trainer of a spec.

    Raises:
        WrongParameters: There is none for kind, library and architecture of the spec.
        NoLicense: The library's licence, its scope or its package is missing.
    """
    if spec.custom_script:
        return _custom(spec)
    if spec.library != "open_source":
        from genlab_widgets.training.trainers import licensed

        return licensed.trainer(spec)
    known = _OPEN.get((spec.kind, spec.architecture))
    if known is not None:
        module, name = known
        made: Trainer = getattr(import_module(f"{__name__}.{module}"), name)()
        return made
    raise WrongParameters(
        f"There is no trainer for {spec.kind} as {spec.architecture} with the library {spec.library}.",
        "The open-source library trains NER, visual NER, classification and assertion, on frozen embeddings and "
        "fine-tuned; NER also as a CRF.",
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
