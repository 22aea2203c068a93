"""Licensed libraries: one rule greys the choice, refuses the training, and lets the trainer be made."""

from __future__ import annotations

import pytest

from genlab_widgets.errors import NoLicense, WrongParameters
from genlab_widgets.projects.labeling_config import LabelingConfig
from genlab_widgets.training import offers
from genlab_widgets.training.automatic import resolve
from genlab_widgets.training.spec import TrainingSpec
from genlab_widgets.training.trainers import licensed, trainer_for
from tests.samples import CONFIG

TEXTS = LabelingConfig.parse(CONFIG)
IMAGES = LabelingConfig.parse(
    '<View><RectangleLabels name="l" toName="i"><Label value="TOTAL"/></RectangleLabels>'
    '<Image name="i" value="$image"/></View>'
)


@pytest.fixture
def allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets every licence and package be there."""
    monkeypatch.setattr(offers.licenses, "refusal", lambda *_: "")


def spec(**fields: object) -> TrainingSpec:
    return TrainingSpec.parse({"project": "notes", "architecture": "annotator", **fields})


def test_the_form_shows_libraries_that_fit_the_project_each_with_its_reason() -> None:
    shown = {item.value: item for item in offers.offers(TEXTS) if item.field == "library"}
    assert list(shown) == ["open_source", "healthcare", "finance", "legal"]
    assert 'scope "legal: training": none was found' in shown["legal"].reason
    shown = {item.value: item for item in offers.offers(IMAGES) if item.field == "library"}
    assert list(shown) == ["open_source", "visual_nlp"]
    assert 'scope "ocr: training"' in shown["visual_nlp"].reason


@pytest.mark.parametrize("library", ["healthcare", "finance", "legal"])
def test_without_a_licence_there_is_no_trainer(library: str) -> None:
    with pytest.raises(NoLicense, match=f'scope "{library}: training"') as caught:
        trainer_for(spec(library=library))
    assert "open-source" in caught.value.next_step


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize(("kind", "made"), [("ner", "LicensedNer"), ("assertion", "LicensedAssertion")])
def test_with_a_licence_the_trainer_is_made(kind: str, made: str) -> None:
    wanted = spec(library="finance", kind=kind)
    offers.require(wanted, TEXTS)
    trainer = trainer_for(wanted)
    assert type(trainer).__name__ == made
    assert not trainer.needs_graph


@pytest.mark.usefixtures("allowed")
def test_what_a_library_does_not_train_is_refused() -> None:
    for fields, sentence in (
        ({"library": "healthcare", "kind": "classification", "architecture": "annotator"}, "does not train"),
        ({"library": "visual_nlp", "kind": "ner"}, "does not train NER"),
        ({"library": "healthcare", "architecture": "fine_tuned"}, "does not train this architecture"),
    ):
        with pytest.raises(WrongParameters, match=sentence):
            offers.require(spec(**fields), TEXTS)


@pytest.mark.usefixtures("allowed")
def test_visual_nlp_has_no_interface_that_trains() -> None:
    with pytest.raises(NoLicense, match="publishes no interface"):
        offers.require(spec(library="visual_nlp", kind="visual_ner"), IMAGES)


def test_automatic_never_fine_tunes_with_a_licensed_library() -> None:
    chosen = resolve(TrainingSpec(project="notes", library="healthcare"), "en", 1000)
    assert chosen.spec.architecture == "annotator"
    assert "licensed trainers" in chosen.why


def test_a_package_without_the_class_is_named() -> None:
    with pytest.raises(NoLicense, match="does not have it"):
        licensed.licensed_class("sparknlp_jsl.annotator", "MedicalNerApproach")
