"""Which fields belong to which kind, which of them a network uses, and which combinations are refused."""

from __future__ import annotations

import pytest

from genlab_widgets.errors import WrongParameters
from genlab_widgets.projects.labeling_config import LabelingConfig
from genlab_widgets.training import offers
from genlab_widgets.training.spec import TrainingSpec
from tests import mixed

CONFIG = LabelingConfig.parse(mixed.CONFIG)
SEVERAL = LabelingConfig.parse(mixed.CONFIG.replace('choice="single"', 'choice="multiple"'))
PARAMETERS = {"epochs", "learning_rate", "decay", "dropout", "batch_size"}


def spec(**fields: object) -> TrainingSpec:
    return TrainingSpec.parse({"project": "notes", **fields})


@pytest.mark.parametrize("kind", mixed.KINDS)
@pytest.mark.parametrize("embeddings", ["word2vec", "vectors:/data/own.txt", "hub:glove_100d"])
def test_what_is_no_transformer_is_not_fine_tuned(kind: str, embeddings: str) -> None:
    with pytest.raises(WrongParameters, match="cannot be fine-tuned") as caught:
        offers.require(spec(kind=kind, architecture="fine_tuned", embeddings=embeddings), CONFIG)
    assert caught.value.details["fields"] == {
        "embeddings": "A fine-tuned transformer takes automatic, minilm, folder:PATH."
    }
    offers.require(spec(kind=kind, architecture="annotator", embeddings=embeddings), CONFIG)
    offers.require(spec(kind=kind, embeddings=embeddings), CONFIG)


@pytest.mark.parametrize("embeddings", ["automatic", "minilm", "folder:/data/bert"])
def test_transformers_are_fine_tuned(embeddings: str) -> None:
    offers.require(spec(architecture="fine_tuned", embeddings=embeddings), CONFIG)
    assert offers.embeddings_fit("visual_ner", embeddings, "fine_tuned")


def test_vectors_of_pages_are_not_fine_tuned() -> None:
    assert offers.embeddings_fit("visual_ner", "word2vec", "annotator")
    assert not offers.embeddings_fit("visual_ner", "word2vec", "fine_tuned")


def test_some_fields_belong_to_some_kinds() -> None:
    own = {name for name in TrainingSpec.model_fields if not offers.has_field(offers.ALL, name)}
    assert own == {"architecture", "classifier", "head", "custom_script"}
    assert {kind for kind in offers.KINDS if offers.has_field(kind, "head")} == {"classification"}
    assert {kind for kind in offers.KINDS if offers.has_field(kind, "custom_script")} == {"ner"}
    assert all(offers.has_field(kind, "architecture") and offers.has_field(kind, "epochs") for kind in offers.KINDS)


@pytest.mark.parametrize(
    ("architecture", "head", "multiple", "names", "who"),
    [
        ("automatic", "automatic", False, set(), ""),
        ("automatic", "automatic", True, set(), ""),
        ("fine_tuned", "automatic", False, {"head"}, "The fine-tuned transformer"),
        ("fine_tuned", "classifier_dl", True, {"head"}, "The fine-tuned transformer"),
        ("annotator", "automatic", False, {"decay"}, "ClassifierDL"),
        ("annotator", "automatic", True, PARAMETERS, "Logistic regression"),
        ("annotator", "logistic_regression", False, PARAMETERS, "Logistic regression"),
        ("automatic", "logistic_regression", False, PARAMETERS, "Logistic regression"),
        ("automatic", "classifier_dl", False, {"decay"}, "ClassifierDL"),
        ("annotator", "classifier_dl", True, {"decay", "dropout"}, "MultiClassifierDL"),
    ],
)
def test_what_a_classifier_does_not_read_is_named_with_the_reason(
    architecture: str, head: str, multiple: bool, names: set[str], who: str
) -> None:
    found = offers.unused("classification", architecture, head, multiple)
    assert found == dict.fromkeys(names, f"{who} has no use for this.")


def test_only_the_crf_leaves_parameters_of_other_kinds_unused() -> None:
    assert offers.unused("ner", "crf").keys() == {"embeddings", *PARAMETERS} - {"epochs"}
    for kind in ("ner", "assertion", "visual_ner", offers.ALL):
        for architecture in ("automatic", "annotator", "fine_tuned"):
            assert offers.unused(kind, architecture, "logistic_regression") == {}


def test_the_labeling_config_says_whether_texts_have_several_classes() -> None:
    assert [offers.is_multiple(CONFIG, name) for name in (None, "urgency", "gone")] == [False] * 3
    assert [offers.is_multiple(SEVERAL, name) for name in (None, "urgency", "gone")] == [True, True, False]
    assert not offers.is_multiple(LabelingConfig.parse("<View/>"), None)


def of_classes(count: int) -> LabelingConfig:
    choices = "".join(f'<Choice value="c{number}"/>' for number in range(count))
    return LabelingConfig.parse(
        f'<View><Choices name="topic" toName="text">{choices}</Choices><Text name="text" value="$text"/></View>'
    )


@pytest.mark.parametrize(("count", "refused"), [(1, True), (2, False), (100, False), (101, True)])
def test_spark_nlps_classifier_takes_two_to_a_hundred_classes(count: int, refused: bool) -> None:
    config, asked = of_classes(count), spec(kind="classification", architecture="annotator", head="classifier_dl")
    if refused:
        with pytest.raises(WrongParameters, match="ClassifierDL cannot learn these classes") as caught:
            offers.require(asked, config)
        assert caught.value.details["fields"] == {"head": f"It takes 2 to 100 classes, and there are {count}."}
    else:
        offers.require(asked, config)
    offers.require(asked.model_copy(update={"head": "automatic"}), config)
    offers.require(asked.model_copy(update={"head": "logistic_regression"}), config)


def test_classes_that_are_left_out_do_not_count() -> None:
    fields = {"kind": "classification", "head": "classifier_dl"}
    offers.require(spec(**fields, leave_out_labels=("c7",)), of_classes(101))


def test_a_head_is_for_frozen_vectors() -> None:
    with pytest.raises(WrongParameters, match="do not go together") as caught:
        offers.require(spec(kind="classification", architecture="fine_tuned", head="logistic_regression"), CONFIG)
    assert set(caught.value.details["fields"]) == {"head"}
    offers.require(spec(kind="classification", head="logistic_regression"), CONFIG)
