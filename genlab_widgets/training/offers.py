"""What this installation can train, choice by choice, each refusal with its reason.

The page greys out what is not offered and shows the reason; ``check`` and ``train`` refuse with the same sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from genlab_widgets.errors import NoLicense, WrongParameters
from genlab_widgets.resources import gpu, licenses
from genlab_widgets.training.automatic import FINE_TUNED, TUNABLE, can_fine_tune, named_in
from genlab_widgets.training.kinds.classification import CLASSIFICATION, default_classifier, names_of
from genlab_widgets.training.trainers.heads import require_head

if TYPE_CHECKING:
    from genlab_widgets.projects.labeling_config import LabelingConfig
    from genlab_widgets.projects.scripts import Script
    from genlab_widgets.training.spec import TrainingSpec

KINDS = {"ner": "NER", "assertion": "Assertion", "classification": "Classification", "visual_ner": "Visual NER"}
LIBRARIES = {
    "open_source": "Open source",
    "healthcare": "Healthcare",
    "finance": "Finance",
    "legal": "Legal",
    "visual_nlp": "Visual NLP",
}
LICENSED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("healthcare", "finance", "legal"), ("ner", "assertion")),
    "visual_nlp": ("visual_ner",),
}
"""Kinds that each licensed library is offered for."""
NO_VISUAL_TRAINER = (
    "John Snow Labs publishes no interface that trains Visual NER outside its Generative AI Lab; "
    "the open-source trainer trains the same projects."
)
ALL = "all"
"""What stands for every kind that the labeling config describes: one run each, as a group."""
TRAINED = ("ner", "assertion", "classification", "visual_ner")
_USUAL = ("ner", "visual_ner", "assertion", "classification")
"""In which order a kind is taken where nobody names one."""
_FITTING_EMBEDDINGS = {"visual_ner": ("automatic", "minilm", "word2vec", "folder:PATH")}
"""Embeddings of kinds that cannot take all: a page's network also gets places, and has room for these only."""
_NOTHING_TO_LEARN = {
    "ner": "The labeling config has no label that marks a span of text.",
    "assertion": 'The labeling config has no label with assertion="true".',
    "classification": "The labeling config has no Choices.",
    "visual_ner": "The labeling config has no label that marks a place in an image.",
}
ARCHITECTURES = {
    "automatic": "Automatic (recommended)",
    "annotator": "Spark NLP's own network on frozen embeddings",
    "fine_tuned": "Fine-tuned transformer",
    "crf": "CRF on words: any language, seconds",
}
_OF_SOME_KINDS: dict[str, Sequence[str]] = {
    "architecture": FINE_TUNED,
    "classifier": ("classification",),
    "head": ("classification",),
    "custom_script": ("ner",),
}
"""Fields of the spec that not every kind has; where all kinds are trained together, each takes its own default."""
_OF_A_NETWORK = ("learning_rate", "decay", "dropout", "batch_size")


class Offer(NamedTuple):
    """One choice of the form.

    Attributes:
        field: The field of the spec: ``kind``, ``library``, ``architecture``, ``use_gpu``, ``custom_script`` or
            ``classifier``.
        value: The value of that field; True stands for "any value that is not the default".
        title: What the page calls it.
        enabled: Whether it can be trained here.
        reason: Why not, as a sentence; empty when it is enabled.
    """

    field: str
    value: str | bool
    title: str
    enabled: bool
    reason: str = ""


def offers(config: LabelingConfig, script: Script | None = None) -> list[Offer]:
    """Returns every choice that the form knows, in its order.

    Args:
        config: The project's labeling config; it decides what there is to learn.
        script: The project's training script.
    """
    return [*_kinds(config), *_classifiers(config), *_libraries(config), *_others(script)]


def require(spec: TrainingSpec, config: LabelingConfig, scripts: Sequence[Script] = ()) -> None:
    """Refuses a training that this installation does not offer.

    Args:
        spec: What was asked for.
        config: The project's labeling config.
        scripts: The training scripts that may be named, the project's present one first.

    Raises:
        NoLicense: A licensed library was chosen.
        WrongParameters: Another choice is not offered; ``details["fields"]`` maps the field to the reason.
    """
    for name, unset in (("classifier", None), ("head", "automatic")):
        if not has_field(spec.kind, name) and getattr(spec, name) != unset:
            raise WrongParameters(
                f"{name} does not fit what shall be trained.",
                f"It belongs to classification, and {KINDS[spec.kind]} was asked for.",
                f"Leave {name} out, or train classification.",
                fields={name: "It belongs to classification."},
            )
    if spec.head != "automatic" and spec.architecture == "fine_tuned":
        raise WrongParameters(
            "A head and the fine-tuned transformer do not go together.",
            "The head classifies frozen vectors; the transformer has one of its own.",
            "Leave one of the two at automatic.",
            fields={"head": unused(spec.kind, spec.architecture)["head"]},
        )
    _require_library(spec)
    if not architecture_fits(spec.kind, spec.architecture):
        raise WrongParameters(
            f"A CRF on words does not train {KINDS[spec.kind]}.",
            "It tags words, so it trains NER.",
            "Leave the architecture at automatic.",
            fields={"architecture": "A CRF on words trains NER."},
        )
    _require_embeddings(spec)
    _require_script(spec, scripts)
    for offer in offers(config, next(iter(scripts), None)):
        if offer.enabled or not _asks_for(spec, offer):
            continue
        if offer.field == "library":
            raise no_license(str(offer.value), offer.reason)
        raise WrongParameters(
            f"{offer.title} cannot be trained here."
            if offer.field == "kind"
            else f"{offer.title}: not available here.",
            offer.reason,
            "Choose another kind of model." if offer.field == "kind" else f"Leave {offer.field} at its default.",
            fields={offer.field: offer.reason},
        )
    if spec.head != "automatic" and spec.architecture != "fine_tuned":
        chosen = CLASSIFICATION.complete(spec, config)
        require_head(spec.head, len(CLASSIFICATION.labels(chosen, config)))


def no_license(library: str, reason: str) -> NoLicense:
    """Returns the error of a licensed library that cannot be used here."""
    step = "Choose the open-source library: it needs no licence."
    return NoLicense(f"The library {LIBRARIES[library]} is not available here.", reason, step, library=library)


def _require_library(spec: TrainingSpec) -> None:
    """Refuses what a licensed library is not offered for."""
    if spec.library == "open_source":
        return
    title, kinds = LIBRARIES[spec.library], LICENSED[spec.library]
    if spec.kind not in kinds:
        trained = " and ".join(KINDS[kind] for kind in kinds)
        raise WrongParameters(
            f"The library {title} does not train {KINDS[spec.kind]} here.",
            f"It trains {trained}.",
            "Choose the open-source library.",
            fields={"library": f"It trains {trained}."},
        )
    if spec.architecture in ("fine_tuned", "crf"):
        raise WrongParameters(
            f"The library {title} does not train this architecture.",
            "Its trainers learn on frozen embeddings.",
            "Choose Spark NLP's own network, or the open-source library.",
            fields={"architecture": "Licensed trainers learn on frozen embeddings."},
        )


def _require_embeddings(spec: TrainingSpec) -> None:
    """Refuses embeddings that a kind has no room for, and the fine-tuning of what is no transformer."""
    if not embeddings_fit(spec.kind, spec.embeddings):
        fitting = ", ".join(_FITTING_EMBEDDINGS[spec.kind])
        raise WrongParameters(
            f"The embeddings {spec.embeddings} do not fit {KINDS[spec.kind]}.",
            f"These do: {fitting}.",
            "Leave the choice to automatic.",
            fields={"embeddings": f"{KINDS[spec.kind]} takes {fitting}."},
        )
    if not embeddings_fit(spec.kind, spec.embeddings, spec.architecture):
        fitting = ", ".join(TUNABLE)
        raise WrongParameters(
            f"The embeddings {spec.embeddings} cannot be fine-tuned.",
            f"They are no transformer. These can: {fitting}.",
            "Choose one of these, or leave the architecture at automatic.",
            fields={"embeddings": f"A fine-tuned transformer takes {fitting}."},
        )


def _require_script(spec: TrainingSpec, scripts: Sequence[Script]) -> None:
    if not spec.custom_script or not scripts:  # without any, the offer says so
        return
    if not any(script.named_by(spec.custom_script) for script in scripts):
        raise WrongParameters(
            f"The project has no training script {spec.custom_script!r}.",
            f"There are: {', '.join(script.reference for script in scripts)}.",
            "Choose one of them, or let an owner of the project upload it.",
            fields={"custom_script": "The project has no such script."},
        )


def _asks_for(spec: TrainingSpec, offer: Offer) -> bool:
    chosen = getattr(spec, offer.field)
    return bool(chosen) if offer.value is True else bool(chosen == offer.value)


def _kinds(config: LabelingConfig) -> Iterator[Offer]:
    described = config.kinds()
    for value, title in KINDS.items():
        reason = "" if value in described else _NOTHING_TO_LEARN[value]
        yield Offer("kind", value, title, not reason, reason)
    several = sum(value in described and value in TRAINED for value in KINDS) > 1
    yield Offer("kind", ALL, "All", several, "" if several else "The labeling config describes one kind of model.")


def _classifiers(config: LabelingConfig) -> Iterator[Offer]:
    for name in names_of(config):
        yield Offer("classifier", name, name, True)


def _libraries(config: LabelingConfig) -> Iterator[Offer]:
    described, present = set(config.kinds()), licenses.found()
    for value, title in LIBRARIES.items():
        if value == "open_source" or described & set(LICENSED[value]):
            reason = unlicensed(value, present)
            yield Offer("library", value, title, not reason, reason)


def unlicensed(library: str, present: Sequence[licenses.License] | None = None) -> str:
    """Returns why a library cannot train here, as sentences; empty where it can.

    Args:
        library: The library of a spec.
        present: The licences that are there; None looks.
    """
    reason = licenses.refusal(library, present)
    return reason or (NO_VISUAL_TRAINER if library == "visual_nlp" else "")


def _others(script: Script | None) -> Iterator[Offer]:
    yield Offer("architecture", "automatic", ARCHITECTURES["automatic"], True)
    yield Offer("architecture", "annotator", ARCHITECTURES["annotator"], True)
    reason = "" if can_fine_tune() else "Its packages are missing here: pip install jax optax."
    yield Offer("architecture", "fine_tuned", ARCHITECTURES["fine_tuned"], not reason, reason)
    yield Offer("architecture", "crf", ARCHITECTURES["crf"], True)
    reason = gpu.refusal()
    yield Offer("use_gpu", True, "Use available GPU", not reason, reason)
    if script is not None:
        yield Offer("custom_script", script.reference, script.title, True)
    else:
        yield Offer("custom_script", True, "Custom training script", False, "No owner of the project has uploaded one.")


def architecture_fits(kind: str, architecture: str) -> bool:
    """Tells whether a kind can be trained with this architecture."""
    if architecture == "crf":
        return kind == "ner"
    return architecture != "fine_tuned" or kind in FINE_TUNED


def embeddings_fit(kind: str, name: str, architecture: str = "automatic") -> bool:
    """Tells whether kind and architecture can be trained on these embeddings (``minilm``, ``folder:/data/bert``)."""
    fitting = TUNABLE if architecture == "fine_tuned" else _FITTING_EMBEDDINGS.get(kind)
    return fitting is None or named_in(name, fitting)


def has_field(kind: str, name: str) -> bool:
    """Tells whether a kind of model has a field of the spec; :data:`ALL` has those of every kind."""
    return kind in _OF_SOME_KINDS.get(name, (kind,))


def unused(kind: str, architecture: str, head: str = "automatic", multiple: bool = False) -> dict[str, str]:
    """Returns the fields that a kind has, but the chosen network has no use for, each with the reason.

    Args:
        kind: What is trained.
        architecture: Its network.
        head: How a classifier on frozen vectors classifies.
        multiple: Whether a text may have several classes.
    """
    if (kind, architecture) == ("ner", "crf"):
        return _closed("The chosen network", "embeddings", *_OF_A_NETWORK)
    if kind != "classification" or (architecture, head) == ("automatic", "automatic"):
        return {}
    if architecture == "fine_tuned":
        return _closed("The fine-tuned transformer", "head")
    # Of several classes MultiClassifierDL learns only where it was asked for (``trainers.classification``).
    if head == "logistic_regression" or (head == "automatic" and multiple):
        return _closed("Logistic regression", "epochs", *_OF_A_NETWORK)
    return _closed("MultiClassifierDL", "decay", "dropout") if multiple else _closed("ClassifierDL", "decay")


def _closed(what: str, *names: str) -> dict[str, str]:
    return dict.fromkeys(names, f"{what} has no use for this.")


def is_multiple(config: LabelingConfig, classifier: str | None) -> bool:
    """Tells whether texts may have several classes of a classifier; None is the one that trains where none is named."""
    try:
        name = classifier or default_classifier(config)
    except WrongParameters:  # the check says what is wrong
        return False
    return any(control.multiple for control in config.choices if control.name == name)


def default_kind(config: LabelingConfig) -> str:
    """Returns what is trained where nobody says it: entities in texts or on pages, else what the config describes."""
    return min(trainable(config), key=_USUAL.index, default="ner")


def trainable(config: LabelingConfig) -> list[str]:
    """Returns the kinds that "all" trains, in the order of the pages."""
    return [value for value in config.kinds() if value in TRAINED]
