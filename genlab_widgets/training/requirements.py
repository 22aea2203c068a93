"""What each trainer needs of a machine, and whether this one suffices.

The figures of our own trainers are the estimate (:mod:`genlab_widgets.training.estimate`, measured on two cores) for a
project of the size below. The licensed ones are what John Snow Labs publishes; most have no published figure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from genlab_widgets.training.estimate import DIMENSIONS, estimate
from genlab_widgets.training.spec import TrainingSpec, defaults

TRAIN_TOKENS, TEST_TOKENS = 40_000, 10_000
"""The size that the figures are for: some 1,000 short texts, or 300 receipts."""
SIZE = f"{TRAIN_TOKENS:,} training words"
_GB = 1024.0


class Requirement(NamedTuple):
    """What one trainer needs.

    Attributes:
        trainer: Its name.
        kind: What it trains.
        library: Whose it is.
        cores: Processor cores; None where nobody publishes a figure.
        memory_mb: Memory; None likewise.
        disk_mb: Disk while it trains; None likewise.
        source: Where the figures come from.
    """

    trainer: str
    kind: str
    library: str
    cores: int | None
    memory_mb: float | None
    disk_mb: float | None
    source: str

    def shortcoming(self, cores: int, memory_mb: float, disk_mb: float) -> str:
        """Returns what a machine lacks, with both figures; empty where it suffices or no figure is known."""
        wanted: tuple[tuple[float | None, float, Callable[[float, float], str]], ...] = (
            (self.cores, cores, lambda need, has: f"{need:.0f} cores are needed, {has:.0f} are here"),
            (self.memory_mb, memory_mb, lambda need, has: f"{_gb(need)} of memory are needed, {_gb(has)} are here"),
            (self.disk_mb, disk_mb, lambda need, has: f"{_gb(need)} of disk are needed, {_gb(has)} are free"),
        )
        return "; ".join(told(need, has) for need, has, told in wanted if need is not None and need > has)


_OURS = (
    ("Fine-tuned transformer", "ner", "fine_tuned"),
    ("Spark NLP's network (NerDL)", "ner", "annotator"),
    ("Text classifier", "classification", "annotator"),
    ("Assertion status", "assertion", "annotator"),
    ("Visual NER, fine-tuned", "visual_ner", "fine_tuned"),
)
_LICENSED = (
    ("Healthcare NER", "ner", "healthcare"),
    ("Healthcare assertion status", "assertion", "healthcare"),
    ("Finance NER", "ner", "finance"),
    ("Legal NER", "ner", "legal"),
)
_PUBLISHED = "John Snow Labs"
"""Their documentation's "Training Server Specification"."""
_VISUAL = Requirement("Visual NLP's Visual NER", "visual_ner", "visual_nlp", 16, 64 * _GB, None, _PUBLISHED)


def requirements() -> list[Requirement]:
    """Returns every trainer's needs: ours first, then the licensed ones."""
    licensed = [Requirement(*item, None, None, None, "no published figure") for item in _LICENSED]
    return [*(_ours(*item) for item in _OURS), *licensed, _VISUAL]


def _ours(trainer: str, kind: str, architecture: str) -> Requirement:
    fields = {"project": "any", "kind": kind, "architecture": architecture, **defaults(kind, architecture)}
    cost = estimate(TrainingSpec.parse(fields), TRAIN_TOKENS, TEST_TOKENS, DIMENSIONS["minilm"], DIMENSIONS["minilm"])
    return Requirement(trainer, kind, "open_source", 1, cost.memory_mb, cost.disk_mb, f"estimate for {SIZE}")


def _gb(megabytes: float) -> str:
    return f"{megabytes / _GB:.1f} GB"
