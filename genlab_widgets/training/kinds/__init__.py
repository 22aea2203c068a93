"""The kinds of model: what each learns from a completion, as spans, so that all share one way of the data."""

from __future__ import annotations

from genlab_widgets.errors import WrongParameters
from genlab_widgets.training.kinds.assertion import ASSERTION
from genlab_widgets.training.kinds.base import Drawn, Kind
from genlab_widgets.training.kinds.classification import CLASSIFICATION
from genlab_widgets.training.kinds.ner import NER
from genlab_widgets.training.kinds.visual import VISUAL_NER

__all__ = ["KINDS", "Drawn", "Kind", "kind_of"]

KINDS: dict[str, Kind] = {kind.name: kind for kind in (NER, ASSERTION, CLASSIFICATION, VISUAL_NER)}
"""Every kind by the name that the spec has, in the order of the pages."""


def kind_of(name: str) -> Kind:
    """Returns a kind by its name.

    Raises:
        WrongParameters: There is none of that name.
    """
    if name not in KINDS:
        raise WrongParameters(
            f"{name} cannot be trained.", f"Known are: {', '.join(KINDS)}.", "Choose one of them as what to train."
        )
    return KINDS[name]
