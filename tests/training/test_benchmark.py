"""Entity scores against hand counts and against seqeval; interval, comparison, errors, sentences."""

from __future__ import annotations

import random

import pytest

from genlab_widgets.errors import InternalError, WrongParameters
from genlab_widgets.training import benchmark
from genlab_widgets.training.benchmark import Benchmark, Doc, evaluate_entities
from genlab_widgets.training.dataset import Span, build, spans_from_tags
from genlab_widgets.training.matching import match

TEXT = "Ann Lee took aspirin 500 mg and ibuprofen at noon in Rome ."
GOLD = (Span(0, 7, "PER"), Span(13, 20, "DRUG"), Span(21, 27, "DOSE"), Span(32, 41, "DRUG"), Span(53, 57, "LOC"))
GIVEN = (Span(0, 3, "PER"), Span(13, 20, "DRUG"), Span(21, 27, "FREQ"), Span(45, 49, "TIME"), Span(53, 57, "LOC"))
LABELS = ("DRUG", "DOSE", "FREQ", "PER", "LOC", "TIME", "NEVER")


def one() -> Benchmark:
    return evaluate_entities([Doc(1, TEXT, GOLD)], [Doc(1, TEXT, GIVEN)], LABELS, seed=1)


def random_docs(count: int, noise: float, seed: int) -> tuple[list[Doc], list[Doc]]:
    generator = random.Random(seed)
    gold, given = [], []
    for task_id in range(count):
        text = " ".join(generator.choice(("alpha", "beta", "gamma")) for _ in range(30))
        tokens = build([Doc(1, text, ())])[0][0].tokens
        tags = [generator.choice(("O", "O", "O", "B-A", "I-A", "B-B", "I-B")) for _ in tokens]
        noisy = [generator.choice(("O", "B-A", "I-B")) if generator.random() < noise else tag for tag in tags]
        gold.append(Doc(task_id, text, tuple(spans_from_tags(tokens, tags))))
        given.append(Doc(task_id, text, tuple(spans_from_tags(tokens, noisy))))
    return gold, given


def test_counts_by_hand() -> None:
    result = one()
    assert (result.exact.micro.correct, result.exact.micro.predicted, result.exact.micro.support) == (2, 5, 5)
    assert result.exact.micro.f1 == pytest.approx(0.4)
    assert result.partial.micro.correct == 3
    scores = {score.label: score for score in result.by_label}
    assert scores["DRUG"].exact.recall == 0.5
    assert scores["PER"].exact.f1 == 0
    assert scores["PER"].partial.f1 == 1
    assert scores["NEVER"].support == 0
    assert result.exact.macro.f1 == pytest.approx((2 / 3 + 0 + 0 + 0 + 1 + 0) / 6)  # NEVER does not occur
    assert result.labels == list(LABELS)
    assert result.documents == [(1, 2, 5, 5)]


def test_confusion_by_overlap_with_nothing_as_o() -> None:
    matrix = one().confusion
    place = {name: index for index, name in enumerate(matrix.labels)}
    assert matrix.labels[-1] == "O"
    assert matrix.counts[place["DOSE"]][place["FREQ"]] == 1
    assert matrix.counts[place["PER"]][place["PER"]] == 1
    assert matrix.counts[place["DRUG"]][place["O"]] == 1
    assert matrix.counts[place["O"]][place["TIME"]] == 1
    assert sum(map(sum, matrix.counts)) == 6


def test_errors_worth_reading() -> None:
    result = one()
    assert result.error_counts == {"wrong_bounds": 1, "wrong_label": 1, "missed": 1, "spurious": 1}
    by_kind = {error.kind: error for error in result.errors}
    assert by_kind["missed"].gold_text == "ibuprofen"
    assert by_kind["spurious"].predicted_label == "TIME"
    assert (by_kind["wrong_bounds"].text, by_kind["wrong_bounds"].predicted_text) == ("Ann Lee", "Ann")
    for error in result.errors:
        assert f"{error.before}{error.text}{error.after}" in TEXT


def test_frequent_errors_do_not_crowd_out_the_others() -> None:
    gold = [Doc(index, "alpha beta", (Span(0, 5, "A"),)) for index in range(500)]
    gold.append(Doc(500, "alpha beta", (Span(6, 10, "B"),)))
    result = evaluate_entities(gold, [], ["A", "B"])
    assert len(result.errors) == 60
    assert [error.times for error in result.errors if error.gold_label == "B"] == [1]
    assert result.errors[0].times == 500


def test_token_level_as_spark_nlp_counts_it() -> None:
    token = one().token
    assert (token.tags["I-PER"].tp, token.tags["I-PER"].fn) == (0, 1)
    assert token.tags["B-PER"].tp == 1
    assert token.tags["B-TIME"].fp == 1
    assert "O" not in token.tags
    both = token.macro.precision + token.macro.recall
    assert token.macro.f1 == pytest.approx(2 * token.macro.precision * token.macro.recall / both)
    assert token.accuracy == pytest.approx(8 / 13)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_exact_scores_agree_with_seqeval(seed: int) -> None:
    seqeval = pytest.importorskip("seqeval.metrics")
    gold, given = random_docs(60, 0.3, seed)
    gold_tags = [row.tags for row in build(gold)[0]]
    given_tags = [row.tags for row in build(given)[0]]
    result = evaluate_entities(gold, given, ["A", "B"])
    for name, average in (("micro", result.exact.micro), ("macro", result.exact.macro)):
        for measure in ("precision", "recall", "f1"):
            theirs = getattr(seqeval, f"{measure}_score")(gold_tags, given_tags, average=name)
            assert getattr(average, measure) == pytest.approx(theirs), (name, measure)
    report = seqeval.classification_report(gold_tags, given_tags, output_dict=True)
    for score in result.by_label:
        theirs = report[score.label]
        ours = (score.exact.precision, score.exact.recall, score.exact.f1, score.support)
        assert ours == pytest.approx((theirs["precision"], theirs["recall"], theirs["f1-score"], theirs["support"]))
    assert result.token.accuracy == pytest.approx(seqeval.accuracy_score(gold_tags, given_tags))
    assert result.partial.micro.correct >= result.exact.micro.correct


@pytest.mark.parametrize("seed", [4, 5])
def test_confusion_counts_every_span_once_and_agrees_with_the_scores(seed: int) -> None:
    """Rows sum to the support and columns to the predictions, as the table in the terminal shows them."""
    gold, given = random_docs(60, 0.4, seed)
    result = evaluate_entities(gold, given, ["A", "B", "NEVER"])
    matrix = result.confusion
    for place, score in enumerate(result.by_label):
        assert sum(matrix.counts[place]) == score.support
        assert sum(row[place] for row in matrix.counts) == score.exact.predicted
        assert matrix.counts[place][place] == score.partial.correct >= score.exact.correct
    missed, spurious = (sum(row[-1] for row in matrix.counts), sum(matrix.counts[-1]))
    assert missed == result.error_counts["missed"]
    assert spurious == result.error_counts["spurious"]
    assert matrix.counts[-1][-1] == 0
    errors = result.exact.micro
    both = sum(result.error_counts[kind] for kind in ("wrong_bounds", "wrong_label"))
    assert errors.support - errors.correct == missed + both
    assert errors.predicted - errors.correct == spurious + both


def test_token_scores_agree_with_scikit_learn() -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    gold, given = random_docs(60, 0.3, 6)
    gold_tags = [tag for row in build(gold)[0] for tag in row.tags]
    given_tags = [tag for row in build(given)[0] for tag in row.tags]
    token = evaluate_entities(gold, given, ["A", "B"]).token
    names = sorted(token.tags)
    for average, ours in (("micro", token.micro), ("macro", token.macro)):
        precision, recall, _, _ = sklearn.precision_recall_fscore_support(
            gold_tags, given_tags, labels=names, average=average, zero_division=0
        )
        assert (ours.precision, ours.recall) == pytest.approx((precision, recall))
        assert ours.f1 == pytest.approx(2 * precision * recall / (precision + recall))
    report = sklearn.classification_report(gold_tags, given_tags, labels=names, output_dict=True, zero_division=0)
    for name, tag in token.tags.items():
        assert tag.f1 == pytest.approx(report[name]["f1-score"])
        assert tag.tp + tag.fn == report[name]["support"]


def test_interval_is_seeded_and_holds_the_value() -> None:
    gold, given = random_docs(200, 0.3, 5)
    first, again = (evaluate_entities(gold, given, ["A", "B"], seed=9).f1_interval for _ in range(2))
    other = evaluate_entities(gold, given, ["A", "B"], seed=10).f1_interval
    assert first == again != other
    f1 = evaluate_entities(gold, given, ["A", "B"]).exact.micro.f1
    assert first.low < f1 < first.high
    assert first.high - first.low < 0.15
    assert (first.low, first.high) == pytest.approx((other.low, other.high), abs=0.01)


def test_interval_agrees_with_plain_resampling() -> None:
    np = pytest.importorskip("numpy")
    gold, given = random_docs(80, 0.4, 6)
    result = evaluate_entities(gold, given, ["A", "B"])
    counts = np.array([row[1:] for row in result.documents])
    drawn = np.random.default_rng(0).integers(0, len(counts), (4000, len(counts)))
    sums = counts[drawn].sum(axis=1)
    low, high = np.percentile(2 * sums[:, 0] / (sums[:, 1] + sums[:, 2]), (2.5, 97.5))
    assert (result.f1_interval.low, result.f1_interval.high) == pytest.approx((low, high), abs=0.01)


def test_comparison() -> None:
    gold, good = random_docs(150, 0.1, 7)
    _, bad = random_docs(150, 0.5, 7)
    # the noise of the two differs, so the texts are built anew: same gold by construction
    gold_again, _ = random_docs(150, 0.1, 7)
    assert gold == gold_again
    a = evaluate_entities(gold, [Doc(doc.task_id, "", bad[doc.task_id].spans) for doc in gold], ["A", "B"])
    b = evaluate_entities(gold, good, ["A", "B"])
    better = benchmark.compare(a, b)
    assert better.better == "b"
    assert better.sentence.startswith("F1 is higher by 0.")
    assert benchmark.compare(b, a).better == "a"
    same = benchmark.compare(a, a)
    assert same.better is None
    assert same.sentence == "No real difference: F1 differs by 0.00 (+0.00 to +0.00)."


def test_different_test_rows_are_not_compared() -> None:
    gold, given = random_docs(20, 0.3, 8)
    whole = evaluate_entities(gold, given, ["A"])
    with pytest.raises(WrongParameters, match="20 and 10 tasks"):
        benchmark.compare(whole, evaluate_entities(gold[:10], given[:10], ["A"]))


def test_prediction_for_an_untested_task_is_refused() -> None:
    with pytest.raises(InternalError):
        evaluate_entities([], [Doc(1, "x", ())], [])


def test_nothing_anywhere() -> None:
    result = evaluate_entities([Doc(1, "nothing here", ())], [], ["A"])
    assert (result.exact.micro.f1, result.token.accuracy) == (0, 1)
    assert (result.f1_interval.low, result.f1_interval.high) == (0, 0)
    assert benchmark.summary(result) == ["The test part has no marked span, so nothing can be said about the quality."]
    assert evaluate_entities([], [], []).exact.micro.support == 0


def test_summary_reads_like_a_person() -> None:
    words = "alpha beta gamma delta"
    drug, dose = Span(0, 5, "DRUG"), Span(6, 10, "DOSE")
    allergy = Span(11, 16, "ALLERGY")
    gold = [Doc(i, words, (drug, dose)) for i in range(60)] + [Doc(100 + i, words, (allergy,)) for i in range(21)]
    given = [
        Doc(i, words, ((drug,) if i % 10 else ()) + (dose if i % 4 else dose._replace(label="FREQ"),))
        for i in range(60)
    ]
    given += [Doc(100 + i, words, (allergy,) if i % 3 else ()) for i in range(21)]
    result = evaluate_entities(gold, given, ["DRUG", "DOSE", "FREQ", "ALLERGY"])
    assert benchmark.summary(result) == [
        "Finds 9 of 10 DRUG; misses a quarter of DOSE (60 examples); misses a third of ALLERGY (21 examples).",
        "Confuses DOSE with FREQ (15 times).",
        "Nothing is known about FREQ: no example in the test part.",
    ]


def test_summary_names_wrong_bounds_and_wrong_marks() -> None:
    words = "alpha beta gamma delta"
    gold = [Doc(i, words, (Span(0, 10, "A"),)) for i in range(10)]
    given = [Doc(i, words, (Span(0, 5 if i < 4 else 10, "A"), Span(11, 16, "A"))) for i in range(10)]
    assert benchmark.summary(evaluate_entities(gold, given, ["A"])) == [
        "Misses a third of A (10 examples).",
        "Finds the place but not the exact bounds of 4 spans, most often A.",
        "7 of 10 spans that it marks as A are wrong.",
    ]


def test_pairs_are_one_to_one_and_prefer_equal_spans() -> None:
    gold = [Span(0, 10, "A"), Span(0, 5, "B")]
    given = [Span(0, 5, "A"), Span(0, 10, "A"), Span(20, 25, "A")]
    pairs = match(gold, given)
    assert sorted((pair.gold is not None, pair.predicted is not None) for pair in pairs) == [
        (False, True),
        (True, True),
        (True, True),
    ]
    assert any(pair.exact for pair in pairs)


def test_json_round_trip() -> None:
    gold, given = random_docs(1000, 0.3, 11)
    result = evaluate_entities(gold, given, ["A", "B"])
    assert Benchmark.model_validate_json(result.model_dump_json()) == result
