"""The log parser, fed whole, in pieces and character by character."""

from __future__ import annotations

import random

import pytest

from genlab_widgets.training.epochs import EpochLog

LOG = """Name of the selected graph: ner-dl/blstm_38_100_128_200.pb
Training started - total epochs: 2 - lr: 0.003 - batch size: 16 - labels: 23 - chars: 90 - training examples: 2531


Epoch 1/2 started, lr: 0.003, dataset size: 2531


Epoch 1/2 - 68.69s - loss: 1144.3147 - batches: 161
Quality on validation dataset (10.0%), validation examples = 253
time to finish evaluation: 1.11s
label\t tp\t fp\t fn\t prec\t rec\t f1
B-Cell\t 24\t 8\t 22\t 0.75\t 0.5217391\t 0.61538464
I-Organism_part\t 0\t 0\t 3\t NaN\t 0.0\t NaN
tp: 40 fp: 15 fn: 214 labels: 18
Macro-average\t prec: 0.080, rec: 0.063, f1: 0.0707
Micro-average\t prec: 0.727, rec: 0.157, f1: 0.2589
Quality on test dataset: 
time to finish evaluation: 2.05s
label\t tp\t fp\t fn\t prec\t rec\t f1
B-Cell\t 1\t 0\t 9999\t 1.0\t 1.0E-4\t 1.9998E-4
tp: 1 fp: 0 fn: 9999 labels: 1
Macro-average\t prec: 1.0, rec: 1.0E-4, f1: 1.9998E-4
Micro-average\t prec: 1.0, rec: 1.0E-4, f1: 1.9998E-4


Epoch 2/2 started, lr: 0.0029850747, dataset size: 2531


Epoch 2/2 - 65,01s - loss: NaN - batches: 161
Quality on test dataset: 
Macro-average\t prec: 0.0, rec: 0.0, f1: NaN
Micro-average\t prec: NaN, rec: 0.0, f1: NaN
"""


@pytest.mark.parametrize("size", [1, 7, 100, 10_000])
def test_pieces_of_any_size_give_the_same(size: int) -> None:
    log = EpochLog()
    seen = {}
    for start in range(0, len(LOG), size):
        seen.update({epoch.number: epoch for epoch in log.feed(LOG[start : start + size])})
    seen.update({epoch.number: epoch for epoch in log.finish()})
    whole = EpochLog()
    whole.feed(LOG)
    assert list(seen.values()) == log.epochs == whole.epochs


def test_values() -> None:
    log = EpochLog()
    first, second = log.feed(LOG)
    assert log.graph == "ner-dl/blstm_38_100_128_200.pb"
    assert (log.total, log.labels, log.characters, log.train_rows, log.started) == (2, 23, 90, 2531, 2)
    assert (first.number, first.total, first.seconds, first.loss) == (1, 2, 68.69, 1144.3147)
    assert (first.train_rows, first.learning_rate, first.batches) == (2531, 0.003, 161)
    assert first.validation is not None
    assert first.validation.micro is not None
    assert (first.validation.micro.precision, first.validation.micro.recall, first.validation.micro.f1) == (
        0.727,
        0.157,
        0.2589,
    )
    assert first.validation.tags["B-Cell"].fn == 22
    assert first.validation.tags["I-Organism_part"].f1 == 0.0
    assert first.test is not None
    assert first.test.macro is not None
    assert first.test.macro.recall == 0.0001
    assert list(first.test.tags) == ["B-Cell"]
    assert not first.diverged
    assert (second.seconds, second.loss, second.diverged) == (65.01, None, True)
    assert second.test is not None
    assert second.test.micro is not None
    assert second.test.micro.f1 == 0.0
    assert second.validation is None


def test_an_epoch_comes_at_once_and_again_with_its_scores() -> None:
    log = EpochLog()
    done, _, rest = LOG.partition("Quality on validation")
    assert [(epoch.number, epoch.validation) for epoch in log.feed(done)] == [(1, None)]
    assert log.feed("") == []
    again = log.feed("Quality on validation" + rest.partition("Epoch 2/2 started")[0])
    assert [epoch.number for epoch in again] == [1]
    assert again[0].test is not None


def test_other_lines_change_nothing() -> None:
    log = EpochLog()
    assert log.feed("WARN something\nB-X\t 1\t 2\t 3\t 0.1\t 0.2\t 0.3\nEpoch x/y\n\x1b[31mEpoch\x1b[0m\n") == []
    assert log.epochs == []


@pytest.mark.parametrize(
    ("written", "value"),
    [
        *(("1144.3147", 1144.3147), ("1144,3147", 1144.3147), ("1,144.31", 1144.31), ("1.144,31", 1144.31)),
        *(("1.0E-4", 1e-4), ("-0.5", -0.5), ("12", 12.0), ("NaN", None), ("Infinity", None), ("-Infinity", None)),
    ],
)
def test_numbers_as_any_locale_writes_them(written: str, value: float | None) -> None:
    (found,) = EpochLog().feed(f"Epoch 1/2 - 3.5s - loss: {written} - batches: 7\n")
    assert (found.loss, found.batches) == (value, 7)
    (short,) = EpochLog().feed(f"Epoch 1/2 - 3.5s - loss: {written}\n")
    assert short.loss == value


@pytest.mark.parametrize("tag", ["B-Side effect", "I-grade 2", "B-\u75c7\u72b6", "B-a,b"])
def test_tags_with_blanks_and_numbers(tag: str) -> None:
    log = EpochLog()
    log.feed("Epoch 1/1 - 3.5s - loss: 1.0 - batches: 7\nQuality on test dataset:\n")
    (found,) = log.feed(f"{tag}\t 24\t 8\t 22\t 0.75\t 0.5217391\t NaN\n")
    assert found.test is not None
    assert list(found.test.tags) == [tag]
    assert (found.test.tags[tag].tp, found.test.tags[tag].precision, found.test.tags[tag].f1) == (24, 0.75, 0.0)


def test_a_torn_or_garbled_log_never_stops_the_parser() -> None:
    generator = random.Random(8)
    for _ in range(200):
        text = list(LOG)
        for _ in range(generator.randint(1, 30)):
            place = generator.randrange(len(text))
            text[place] = generator.choice("0189.,-NE/:\t\n \x00\x1b\ufffd")
        del text[generator.randrange(len(text)) :]
        log = EpochLog()
        log.feed("".join(text))
        log.finish()
        numbers = [epoch.number for epoch in log.epochs]
        assert numbers == sorted(set(numbers))


def test_a_classifier_counts_from_0_and_says_no_score() -> None:
    log = EpochLog()
    assert (
        log.feed("Training started - epochs: 2 - learning_rate: 0.003 - batch_size: 32 - training_examples: 1624") == []
    )
    found = log.feed(
        " - classes: 12\nEpoch 0/2 - 0.47s - loss: 82.5 - acc: 1.0 - batches: 51\n"
        "Epoch 1/2 - 0.42s - loss: 61.25 - acc: 1.0 - batches: 51\n"
    )
    assert [(epoch.number, epoch.total, epoch.loss, epoch.batches, epoch.train_rows) for epoch in found] == [
        (1, 2, 82.5, 51, 1624),
        (2, 2, 61.25, 51, 1624),
    ]
    assert all(epoch.test is None for epoch in found)
