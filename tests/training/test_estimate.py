"""The estimate: its formula at one point, and how it grows."""

from __future__ import annotations

import pytest

from genlab_widgets.training.estimate import MB, Answers, Estimate, crf_seconds, estimate, fine_tuning_seconds
from genlab_widgets.training.finetune import device
from genlab_widgets.training.spec import TrainingSpec
from genlab_widgets.training.trainers import heads


def estimate_ner(
    train_tokens: int, test_tokens: int, dimension: int, embeddings: str, epochs: int, batch_size: int
) -> Estimate:
    fields = {"architecture": "annotator", "embeddings": embeddings, "epochs": epochs, "batch_size": batch_size}
    spec = TrainingSpec.parse({"project": "notes", **fields})
    return estimate(spec, train_tokens, test_tokens, dimension, dimension)


def test_one_point_by_hand() -> None:
    found = estimate_ner(17_000, 6_000, 100, "word2vec", 10, 16)
    embedding = 29_000 / 30_000
    training = 10 * (17_000 + 1_000) / 1700
    start, wrap_up, papermill = 24, 3.4 + 1.7 + 8, 2
    assert found.seconds == pytest.approx(start + wrap_up + papermill + embedding + training + 17_000 / 5300, abs=0.1)
    floats = 23_000 * 100 * 4 / MB
    assert found.memory_mb == pytest.approx(1400 + 400 + 6 * floats + 2 * 15, abs=0.1)
    assert found.disk_mb == pytest.approx(floats + 3 * 15, abs=0.1)


def test_measured_trainings_are_near() -> None:
    """1,000 sentences, 23,767 tokens, 10 epochs took 138 s on word2vec and 175 s on MiniLM, start included."""
    assert estimate_ner(23_767, 11_900, 100, "word2vec", 10, 16).seconds == pytest.approx(138 + 40, rel=0.3)
    assert estimate_ner(23_767, 11_900, 384, "minilm", 10, 16).seconds == pytest.approx(175 + 75, rel=0.3)


@pytest.mark.parametrize(("has_half", "seconds"), [(True, 139.0), (False, 250.0)])
def test_a_measured_fine_tuning_is_near(monkeypatch: pytest.MonkeyPatch, has_half: bool, seconds: float) -> None:
    """tweets_ner, five epochs, without the start: 139 s on a processor with AMX; 250 s before it was used."""
    monkeypatch.setattr(device, "multiplies_half", lambda: has_half)
    assert fine_tuning_seconds("ner", 37_500, 5) == pytest.approx(seconds, rel=0.25)


@pytest.mark.parametrize("field", ["train_tokens", "test_tokens", "dimension", "epochs"])
def test_more_of_anything_never_costs_less(field: str) -> None:
    base = {"train_tokens": 10_000, "test_tokens": 3_000, "dimension": 300, "epochs": 5}
    one, two = (
        estimate_ner(**{**base, field: base[field] * factor}, embeddings="vectors:/v.txt", batch_size=16)
        for factor in (1, 2)
    )
    assert all(more >= less for less, more in zip(one, two, strict=True))
    assert one != two


def test_larger_batches_are_faster_and_sizes_between_take_the_nearest() -> None:
    seconds = [estimate_ner(50_000, 5_000, 100, "word2vec", 10, size).seconds for size in (8, 16, 32, 64)]
    assert seconds == sorted(seconds, reverse=True)
    assert estimate_ner(50_000, 5_000, 100, "word2vec", 10, 1024).seconds == seconds[-1]
    assert estimate_ner(50_000, 5_000, 100, "word2vec", 10, 1).seconds == seconds[0]


def test_large_models_cost_more_to_embed() -> None:
    mini = estimate_ner(10_000, 1_000, 384, "minilm", 1, 16)
    base = estimate_ner(10_000, 1_000, 768, "hub:bert_base", 1, 16)
    assert base.seconds - mini.seconds == pytest.approx(7 * 12_000 / 650, rel=0.01)
    assert base.memory_mb > mini.memory_mb
    assert base.disk_mb > mini.disk_mb


def test_automatic_counts_as_its_dearest_choice() -> None:
    assert estimate_ner(10_000, 1_000, 384, "automatic", 3, 16) == estimate_ner(10_000, 1_000, 384, "minilm", 3, 16)


def test_no_rows_still_cost_the_start() -> None:
    nothing = estimate_ner(0, 0, 100, "word2vec", 20, 16)
    assert nothing.seconds > 20
    assert nothing.memory_mb > 1000


def test_a_classifier_keeps_one_vector_a_text_and_learns_in_seconds() -> None:
    spec = TrainingSpec(project="notes", kind="classification", architecture="annotator", embeddings="minilm")
    ner = estimate_ner(50_000, 10_000, 384, "minilm", 10, 8)
    found = estimate(spec, 50_000, 10_000, 384, 384)
    assert found.seconds < ner.seconds / 2
    assert found.memory_mb < ner.memory_mb


def test_the_channels_of_assertion_cost_memory() -> None:
    spec = TrainingSpec(project="notes", kind="assertion", embeddings="minilm")
    assert estimate(spec, 50_000, 10_000, 384, 512).memory_mb > estimate(spec, 50_000, 10_000, 384, 384).memory_mb


def test_a_crf_costs_seconds_and_its_race_what_both_cost() -> None:
    crf, tuned, raced = (
        estimate(TrainingSpec.parse({"project": "notes", "architecture": name}), 20_000, 5_000, 384, 384)
        for name in ("crf", "fine_tuned", "automatic")
    )
    assert crf.seconds < 50
    assert crf.disk_mb < tuned.disk_mb
    assert crf.memory_mb < tuned.memory_mb
    assert raced.seconds == pytest.approx(tuned.seconds + 20_000 / 5300, abs=0.1)


def estimate_of(answers: Answers, tokens: int = 200_000, **fields: object) -> Estimate:
    spec = TrainingSpec.parse({"project": "notes", **fields})
    return estimate(spec, tokens, 10_000, 384, 384, answers)


@pytest.mark.parametrize("architecture", ["fine_tuned", "crf", "annotator"])
def test_usual_labels_cost_what_they_did(architecture: str) -> None:
    few, none = (estimate_of(Answers(labels=count), architecture=architecture) for count in (10, 0))
    assert few == none


@pytest.mark.parametrize("kind", ["ner", "visual_ner"])
def test_hundreds_of_labels_cost_time_and_memory(kind: str) -> None:
    few, many, more = (
        estimate_of(Answers(labels=count), kind=kind, architecture="fine_tuned") for count in (20, 100, 300)
    )
    assert few.seconds < many.seconds < more.seconds
    assert few.memory_mb < more.memory_mb < many.memory_mb  # of 300 no tables are kept
    assert many.memory_mb - few.memory_mb == pytest.approx(160 * 6 * 1.6, rel=0.1)
    assert fine_tuning_seconds(kind, 10_000, 5, 300) > 1.3 * fine_tuning_seconds(kind, 10_000, 5)
    assert fine_tuning_seconds("classification", 10_000, 5, 300) == fine_tuning_seconds("classification", 10_000, 5)


def test_a_crf_counts_the_tokens_that_it_learns_from() -> None:
    most, beyond = (
        estimate_of(Answers(labels=5), tokens=count, architecture="crf") for count in (3_000_000, 9_000_000)
    )
    assert most == beyond
    assert crf_seconds(100_000, 201) < 200
    assert crf_seconds(10_000, 201) == pytest.approx(10_000 * 100 * 201**2 * 4e-9)


def test_a_crf_that_is_left_out_of_the_race_costs_nothing() -> None:
    labels = Answers(labels=300)
    raced, tuned = (estimate_of(labels, architecture=name) for name in ("automatic", "fine_tuned"))
    assert raced.seconds == tuned.seconds


def test_many_classes_of_many_texts_cost_their_fits() -> None:
    fields = {"kind": "classification", "architecture": "annotator"}
    single, several = (
        estimate_of(Answers(labels=77, texts=16_000, multiple=multiple), **fields) for multiple in (False, True)
    )
    assert several.seconds - single.seconds == pytest.approx(2 * heads.fit_seconds(16_000, 77, True), abs=0.2)
    assert several.seconds > 7 * 60
    fields["head"] = "classifier_dl"
    assert estimate_of(Answers(labels=77, texts=16_000, multiple=True), **fields).seconds <= single.seconds
