"""What "automatic" trains, and why, in one sentence: by language, size, time and what was asked for.

For classification, and for entities in another language than English, only a race on a part of the training texts can
tell (``trainers.classifier_race``, ``trainers.ner_race``); here stands whether it is run. Measured
(``docs/benchmarks.md``): on English projects the fine-tuned transformer beats NerDL on frozen embeddings and a CRF; it
reads one language well, and its time grows with the texts. Without it, a CRF beats NerDL on word2vec.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from genlab_widgets.projects.language import name_of
from genlab_widgets.training.estimate import fine_tuning_seconds
from genlab_widgets.training.spec import Architecture, TrainingSpec, defaults

LONGEST_SECONDS = 3600.0
"""A fine-tuning that would take longer than an hour is left to those who ask for it."""
TOKENS_SEEN, MOST_EPOCHS = 80_000, 20
"""Few texts are seen more often, until so many tokens were learned from. Entity F1 on held-out training tasks (one
seed) after 5 and 20 epochs: 50 tweets 0.39, 0.43 (40 epochs 0.41), 200 tweets 0.51, 0.58, 50 contracts 0.67, 0.77."""
LONGEST_RACE_SECONDS = 900.0
"""A classifier on frozen vectors takes a minute: what is compared with it may take a quarter of an hour."""
FINE_TUNED = ("ner", "classification", "assertion", "visual_ner")
"""Kinds whose transformer itself can be trained."""
TUNABLE = ("automatic", "minilm", "folder:PATH")
"""Embeddings that are a transformer, so that it can be trained itself; all others are vectors and stay as they are."""


class Choice(NamedTuple):
    """What is trained, and the sentence that says why; the architecture is still automatic where a race decides."""

    spec: TrainingSpec
    why: str


def resolve(spec: TrainingSpec, language: str, tokens: int, labels: int = 0) -> Choice:
    """Returns what a spec trains.

    Parameters that still have the defaults of "automatic" take those of the architecture.

    Args:
        spec: What was asked for.
        language: ISO 639-1 code of the texts.
        tokens: Tokens of the training tasks.
        labels: Labels that train; hundreds of them make a fine-tuning slow.
    """
    if spec.architecture != "automatic" or spec.custom_script:
        return Choice(spec, "")
    chosen = _often_enough(with_architecture(spec, "fine_tuned"), tokens, labels)
    seconds = fine_tuning_seconds(spec.kind, tokens, chosen.epochs, labels)
    reason = _against_fine_tuning(spec, language, tokens, seconds)
    if reason:
        if spec.kind == "ner" and not _stands_on_frozen(spec, language):
            return Choice(as_crf(spec), f"Automatic trains a CRF on words: {reason}.")
        frozen = "a classifier" if spec.kind == "classification" else "Spark NLP's own network"
        return Choice(
            with_architecture(spec, "annotator"), f"Automatic trains {frozen} on frozen embeddings: {reason}."
        )
    minutes = max(1, round(seconds / 60))
    about = f"about {minutes} minute{'' if minutes == 1 else 's'}"
    if spec.kind == "ner" and not _reads(spec, language):
        return Choice(
            chosen.model_copy(update={"architecture": "automatic"}),
            "Automatic compares a CRF on words with the fine-tuned transformer, which knows English and gets to know "
            f"{name_of(language)} from your tasks only; on two cores its {chosen.epochs} epochs take {about}.",
        )
    if spec.kind == "classification":
        return Choice(
            spec,
            "Automatic compares classifiers on frozen vectors with the fine-tuned transformer, if they leave it "
            f"something to gain; on two cores its epochs take {about} at most.",
        )
    return Choice(
        chosen,
        "Automatic fine-tunes the transformer: the texts are English, and it gave the best scores on projects of this "
        f"kind; on two cores its {chosen.epochs} epochs take {about}.",
    )


def with_architecture(spec: TrainingSpec, architecture: Architecture) -> TrainingSpec:
    """Returns the spec of one architecture; parameters that are still those of "automatic" become its own."""
    before, after = (defaults(spec.kind, name) for name in ("automatic", architecture))
    untouched = {name: after[name] for name, value in before.items() if getattr(spec, name) == value}
    return spec.model_copy(update={"architecture": architecture, **untouched})


def as_crf(spec: TrainingSpec) -> TrainingSpec:
    """Returns the spec of a CRF in place of a network: a pass of L-BFGS is no epoch, so as many as usual."""
    return with_architecture(spec, "crf").model_copy(update={"epochs": defaults("ner", "crf")["epochs"]})


def named_in(embeddings: str, patterns: Collection[str]) -> bool:
    """Tells whether embeddings are among these; ``folder:PATH`` stands for every folder."""
    family, colon, _ = embeddings.partition(":")
    return embeddings in patterns or bool(colon and f"{family}:PATH" in patterns)


def can_fine_tune() -> bool:
    """Tells whether the packages that train a transformer are installed; imports neither."""
    return all(importlib.util.find_spec(name) is not None for name in ("jax", "optax"))


def _often_enough(spec: TrainingSpec, tokens: int, labels: int) -> TrainingSpec:
    """Takes more epochs of few texts, and of very many fewer, at least two, where the usual ones last over an hour."""
    usual = defaults(spec.kind, "fine_tuned")["epochs"]
    if spec.kind != "ner" or spec.epochs != usual:
        return spec
    epochs = max(usual, min(MOST_EPOCHS, math.ceil(TOKENS_SEEN / max(1, tokens))))
    while epochs > 2 and fine_tuning_seconds(spec.kind, tokens, epochs, labels) > LONGEST_SECONDS:
        epochs -= 1
    return spec.model_copy(update={"epochs": epochs})


def _stands_on_frozen(spec: TrainingSpec, language: str) -> bool:
    """Tells whether NerDL shall be trained: on embeddings that were asked for, or on a model of the language."""
    if spec.library != "open_source" or spec.embeddings != "automatic":
        return True
    return not can_fine_tune() and _reads(spec, language) and not _unreachable(spec)


def _reads(spec: TrainingSpec, language: str) -> bool:
    """Tells whether the transformer knows the language of the texts: MiniLM English, a folder what its owner says."""
    return language.lower()[:2] == "en" or spec.embeddings.startswith("folder:")


def _against_fine_tuning(spec: TrainingSpec, language: str, tokens: int, seconds: float) -> str:
    """Returns why the transformer is not trained itself; empty when it is."""
    if spec.library != "open_source":
        return "licensed trainers learn on them"
    if spec.kind not in FINE_TUNED:
        return "they are what is trained for this kind"
    if spec.head != "automatic":
        return "a classifier on them was asked for"
    if not named_in(spec.embeddings, TUNABLE) or (
        spec.embeddings.startswith("folder:") and not _is_checkpoint(spec.embeddings.removeprefix("folder:"))
    ):
        return f"the embeddings {spec.embeddings} were asked for"
    if not can_fine_tune():
        return "the packages for fine-tuning (jax, optax) are not installed"
    if spec.kind != "ner" and not _reads(spec, language):
        return f"the transformer at hand reads English, and these texts are {name_of(language)}"
    if seconds > (LONGEST_RACE_SECONDS if spec.kind == "classification" else LONGEST_SECONDS):
        return f"fine-tuning {tokens:,} tokens would take about {_told(seconds)}"
    return _unreachable(spec)


def _unreachable(spec: TrainingSpec) -> str:
    from genlab_widgets.training.embeddings import minilm

    if spec.embeddings.startswith("folder:") or minilm.fetched():
        return ""
    obstacle = minilm.obstacle()
    return f"MiniLM is not here ({obstacle.rstrip('.')})" if obstacle else ""


def _told(seconds: float) -> str:
    return f"{seconds / 3600:.1f} hours" if seconds > 5400 else f"{seconds / 60:.0f} minutes"


def _is_checkpoint(path: str) -> bool:
    folder = Path(path).expanduser()
    return (folder / "config.json").is_file() and any(folder.glob("*.safetensors"))
