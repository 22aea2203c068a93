"""What "automatic" trains, and why, in one sentence: by language, size, time and what was asked for.

Measured (``docs/benchmarks.md``): on English projects of some hundred to some thousand tasks the fine-tuned
transformer beats NerDL on frozen embeddings and a CRF. It costs about twice the time, reads one language well, and
its time grows with the texts.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import NamedTuple

from genlab_widgets.training.estimate import fine_tuning_seconds
from genlab_widgets.training.spec import TrainingSpec, defaults

LONGEST_SECONDS = 3600.0
"""A fine-tuning that would take longer than an hour is left to those who ask for it."""
_FROZEN = ("word2vec", "vectors:", "hub:")


class Choice(NamedTuple):
    """A spec with nothing automatic in its architecture, and the sentence that says why."""

    spec: TrainingSpec
    why: str


def resolve(spec: TrainingSpec, language: str, tokens: int) -> Choice:
    """Returns what a spec trains.

    Parameters that still have the defaults of "automatic" take those of the architecture.

    Args:
        spec: What was asked for.
        language: ISO 639-1 code of the texts.
        tokens: Tokens of the training tasks.
    """
    if spec.architecture != "automatic" or spec.custom_script:
        return Choice(spec, "")
    reason = _against_fine_tuning(spec, language, tokens)
    architecture = "annotator" if reason else "fine_tuned"
    before, after = (defaults(spec.kind, name) for name in ("automatic", architecture))
    untouched = {name: after[name] for name, value in before.items() if getattr(spec, name) == value}
    chosen = spec.model_copy(update={"architecture": architecture, **untouched})
    if spec.kind != "ner":
        return Choice(chosen, "")
    if reason:
        return Choice(chosen, f"Automatic trains Spark NLP's own network on frozen embeddings: {reason}.")
    minutes = max(1, round(fine_tuning_seconds(tokens, chosen.epochs) / 60))
    return Choice(
        chosen,
        "Automatic fine-tunes the transformer: the texts are English, and it gave the best scores on projects of this "
        f"kind; on two cores its epochs take about {minutes} minute{'' if minutes == 1 else 's'}.",
    )


def can_fine_tune() -> bool:
    """Tells whether the packages that train a transformer are installed; imports neither."""
    return all(importlib.util.find_spec(name) is not None for name in ("jax", "optax"))


def _against_fine_tuning(spec: TrainingSpec, language: str, tokens: int) -> str:
    """Returns why the transformer is not trained itself; empty when it is."""
    if spec.kind != "ner":
        return "only NER can be fine-tuned"
    if spec.embeddings.startswith(_FROZEN) or (
        spec.embeddings.startswith("folder:") and not _is_checkpoint(spec.embeddings.removeprefix("folder:"))
    ):
        return f"the embeddings {spec.embeddings} were asked for"
    if not can_fine_tune():
        return "the packages for fine-tuning (jax, optax) are not installed"
    if language.lower()[:2] != "en" and not spec.embeddings.startswith("folder:"):
        return f"the transformer at hand reads English, and these texts are {language}"
    seconds = fine_tuning_seconds(tokens, defaults("ner", "fine_tuned")["epochs"])
    if seconds > LONGEST_SECONDS:
        return f"fine-tuning {tokens:,} tokens would take about {seconds / 3600:.1f} hours"
    return _unreachable(spec)


def _unreachable(spec: TrainingSpec) -> str:
    from genlab_widgets.training.embeddings import minilm

    if spec.embeddings.startswith("folder:") or minilm.fetched():
        return ""
    obstacle = minilm.obstacle()
    return f"MiniLM is not here ({obstacle.rstrip('.')})" if obstacle else ""


def _is_checkpoint(path: str) -> bool:
    folder = Path(path).expanduser()
    return (folder / "config.json").is_file() and any(folder.glob("*.safetensors"))
