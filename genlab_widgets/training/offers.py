"""What this installation can train, choice by choice, each refusal with its reason.

The page greys out what is not offered and shows the reason; ``check`` and ``train`` refuse with the same sentence.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from genlab_widgets.errors import NoLicense, WrongParameters

if TYPE_CHECKING:
    from genlab_widgets.projects.labeling_config import LabelingConfig
    from genlab_widgets.training.spec import TrainingSpec

KINDS = {"ner": "NER", "assertion": "Assertion", "classification": "Classification", "visual_ner": "Visual NER"}
LIBRARIES = {"open_source": "Open source", "healthcare": "Healthcare", "finance": "Finance", "legal": "Legal"}
ARCHITECTURES = {"annotator": "Spark NLP's own network on frozen embeddings", "fine_tuned": "Fine-tuned transformer"}


class Offer(NamedTuple):
    """One choice of the form.

    Attributes:
        field: The field of the spec: ``kind``, ``library``, ``architecture``, ``use_gpu``, ``custom_script`` or
            ``classifier``.
        value: The value of that field; for the last three, True stands for "any value that is not the default".
        title: What the page calls it.
        enabled: Whether it can be trained here.
        reason: Why not, as a sentence; empty when it is enabled.
    """

    field: str
    value: str | bool
    title: str
    enabled: bool
    reason: str = ""


def offers(config: LabelingConfig) -> list[Offer]:
    """Returns every choice that the form knows, in its order.

    Args:
        config: The project's labeling config; it decides what there is to learn.
    """
    return [*_kinds(config), *_libraries(), *_others()]


def require(spec: TrainingSpec, config: LabelingConfig) -> None:
    """Refuses a training that this installation does not offer.

    Raises:
        NoLicense: A licensed library was chosen.
        WrongParameters: Another choice is not offered; ``details["fields"]`` maps the field to the reason.
    """
    for offer in offers(config):
        if offer.enabled or not _asks_for(spec, offer):
            continue
        if offer.field == "library":
            step = "Choose the open-source library: it needs no licence."
            raise NoLicense(
                f"The library {offer.title} is not available here.", offer.reason, step, library=offer.value
            )
        raise WrongParameters(
            f"{offer.title} cannot be trained here."
            if offer.field == "kind"
            else f"{offer.title}: not available here.",
            offer.reason,
            "Choose NER as what to train." if offer.field == "kind" else f"Leave {offer.field} at its default.",
            fields={offer.field: offer.reason},
        )


def _asks_for(spec: TrainingSpec, offer: Offer) -> bool:
    chosen = getattr(spec, offer.field)
    return bool(chosen) if offer.value is True else bool(chosen == offer.value)


def _kinds(config: LabelingConfig) -> Iterator[Offer]:
    described = config.kinds()
    for value, title in KINDS.items():
        reason = ""
        if value != "ner":
            reason = (
                f"This version trains NER; {title.lower() if value != 'visual_ner' else title} comes with a later one."
            )
        elif value not in described:
            reason = "The labeling config has no label that marks a span of text."
        yield Offer("kind", value, title, not reason, reason)


def _libraries() -> Iterator[Offer]:
    for value, title in LIBRARIES.items():
        reason = (
            ""
            if value == "open_source"
            else f"{title} needs a licence and its package, which this version does not use."
        )
        yield Offer("library", value, title, not reason, reason)


def _others() -> Iterator[Offer]:
    later = "comes with a later version"
    yield Offer("architecture", "annotator", ARCHITECTURES["annotator"], True)
    yield Offer(
        "architecture", "fine_tuned", ARCHITECTURES["fine_tuned"], False, f"Training the transformer itself {later}."
    )
    yield Offer("use_gpu", True, "Use available GPU", False, "This version trains on the processor only.")
    yield Offer("custom_script", True, "Custom training script", False, f"A training script of your own {later}.")
    yield Offer("classifier", True, "Choices name", False, f"It belongs to classification, which {later}.")
