"""Figures: they draw, grow with what they show, tell it in words, and survive any label."""

from __future__ import annotations

import base64
import re
import struct
import warnings
from xml.etree import ElementTree

import pytest

from genlab_widgets.training import figures
from genlab_widgets.training.benchmark import Doc, evaluate_entities
from genlab_widgets.training.dataset import Span
from genlab_widgets.training.epochs import Average, Epoch, Scores
from genlab_widgets.training.figures import Drawing
from genlab_widgets.training.scores import Confusion

HOSTILE = (
    "$\\frac{1}{",
    "$x$",
    "a_b^c",
    "<script>alert(1)</script>",
    "quote\"'&amp;",
    "two\nlines\ttab",
    "\x00\x1b[31m",
    "\u202etxet",
    "症状",
    "दवा",
    "😀",
    "",
    " ",
    "../../etc",
    "x" * 5000,
)


def size(png: bytes) -> tuple[int, int]:
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    return int(width), int(height)


def confusion(labels: int) -> Confusion:
    names = [f"LABEL_{number}" for number in range(labels)]
    counts = [[0] * (labels + 1) for _ in range(labels + 1)]
    for row in range(labels + 1):
        counts[row][row] = 10
        counts[row][(3 * row + 1) % (labels + 1)] += 1
    return Confusion(labels=[*names, "O"], counts=counts)


def epoch(number: int, loss: float | None, f1: float | None = None) -> Epoch:
    scores = None if f1 is None else Scores(micro=Average(precision=f1, recall=f1, f1=f1))
    return Epoch(number=number, total=4, seconds=1.0, loss=loss, test=scores)


def texts(drawing: Drawing) -> set[str]:
    from matplotlib.text import Text

    return {item.get_text() for item in drawing.figure.findobj(Text) if isinstance(item, Text)}


def test_loss_curve_and_its_words() -> None:
    drawing = figures.loss_curve([epoch(1, 40.0, 0.2), epoch(2, 20.0, 0.6), epoch(3, 10.0, 0.5)], baseline_f1=0.55)
    assert drawing.alt == (
        "Loss and F1 by epoch, 3 of 4. Loss goes from 40 to 10. "
        "F1 ends at 0.50, best 0.60 in epoch 2. The baseline has 0.55."
    )
    assert {"epoch", "loss", "F1", "baseline (CRF) 0.55"} <= texts(drawing)
    figure, alt = drawing
    assert (figure, alt) == (drawing.figure, drawing.alt)
    assert size(drawing.png())[0] > 500


def test_curves_without_scores_without_numbers_and_without_epochs() -> None:
    assert "F1" not in texts(figures.loss_curve([epoch(1, 3.0)]))
    diverged = figures.loss_curve([epoch(1, 3.0), epoch(2, None), epoch(3, None)])
    assert "In some epochs the loss was not a number." in diverged.alt
    assert "Loss goes" not in diverged.alt
    nothing = figures.loss_curve([])
    assert nothing.alt == "No epoch has ended yet."
    for drawing in (diverged, nothing, figures.loss_curve([epoch(1, None)])):
        assert size(drawing.png())[1] > 100


def test_forty_labels_stay_legible() -> None:
    few, many = figures.confusion_matrix(confusion(3)), figures.confusion_matrix(confusion(40))
    for drawing, labels in ((few, 3), (many, 40)):
        for axes in drawing.figure.axes:
            width, height = axes.get_window_extent().size / drawing.figure.dpi
            assert width == pytest.approx(height)
            assert width / (labels + 1) > 0.41  # inches a cell: digits of 8 points fit
            assert {tick.get_fontsize() for tick in axes.get_xticklabels()} == {9}
    assert many.figure.get_figwidth() > 4 * few.figure.get_figwidth()
    width, height = size(many.png())
    assert width > 3000
    assert width * height < 45_000_000
    assert {"LABEL_0", "LABEL_39", "O", "gold", "count", "share of the gold label"} <= texts(many)


def test_matrix_words_and_shares() -> None:
    drawing = figures.confusion_matrix(Confusion(labels=["A", "B", "O"], counts=[[8, 2, 0], [0, 5, 0], [1, 0, 0]]))
    assert drawing.alt == (
        "Confusion matrix of 2 labels and O (nothing): 13 of 16 spans on the diagonal. "
        "Most frequent error: A taken for B, 2 times."
    )
    assert {"8", "80%", "20%", "100%"} <= texts(drawing)
    nothing = figures.confusion_matrix(Confusion(labels=["O"], counts=[[0]]))
    assert nothing.alt == "Confusion matrix of 0 labels and O (nothing): 0 of 0 spans on the diagonal."
    assert size(nothing.png())[0] > 100


def test_very_many_labels_are_joined_and_no_span_is_lost() -> None:
    whole = confusion(900)
    names, counts = figures._largest(whole)
    assert len(names) == len(counts) == 60
    assert (names[-2], names[-1]) == ("842 others", "O")
    assert sum(map(sum, counts)) == sum(map(sum, whole.counts))
    drawing = figures.confusion_matrix(whole)
    assert "Confusion matrix of 900 labels" in drawing.alt
    assert drawing.figure.get_figwidth() < 70
    bars = figures.label_bars({f"L{number}": number for number in range(900)})
    assert "The first 60 of 900 labels." in texts(bars)
    assert "most of L899 (899)" in bars.alt
    assert bars.figure.get_figheight() < 20


def test_an_image_never_takes_more_pixels_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    drawing = figures.confusion_matrix(confusion(3))
    assert size(drawing.png(300))[0] > 1800
    monkeypatch.setattr(figures, "_MOST_PIXELS", 200_000)
    width, height = size(drawing.png(300))
    assert width * height < 250_000  # the tight box may be a little larger than the figure


def test_hostile_label_names_are_drawn_as_they_are() -> None:
    gold = [Doc(number, "alpha beta", (Span(0, 5, label),)) for number, label in enumerate(HOSTILE)]
    found = evaluate_entities(gold, gold[:5], HOSTILE)
    counts = {label: 3 for label in HOSTILE}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawings = [
            figures.confusion_matrix(found.confusion),
            figures.label_bars(counts, {label: label for label in HOSTILE}),
            figures.label_f1(found),
        ]
        for drawing in drawings:
            shown = texts(drawing)
            assert {"$\\frac{1}{", "$x$", "<script>alert(1)</script>", "two lines tab", "[31m", "症状"} <= shown
            assert max(map(len, shown)) < 60
            ElementTree.fromstring(drawing.svg())  # well-formed whatever the labels are
            markup = drawing._repr_html_()
            assert "<script>" not in markup
            (image,) = re.findall(r'<img alt="[^"]*" style="[^"]*" src="data:image/png;base64,([^"]*)">', markup)
            assert max(size(base64.b64decode(image))) < 20_000


def test_alt_text_is_escaped() -> None:
    drawing = figures.label_bars({'"><script>': 1})
    assert '"><script>' in drawing.alt
    assert 'alt="Examples of 1 labels: most of &quot;&gt;&lt;script&gt; (1)' in drawing._repr_html_()


def test_label_bars_and_f1_words() -> None:
    bars = figures.label_bars({"DRUG": 1200, "DOSE": 3})
    assert bars.alt == "Examples of 2 labels: most of DRUG (1,200), fewest of DOSE (3)."
    assert {"1,200", "3", "DRUG", "DOSE"} <= texts(bars)
    assert figures.label_bars({}).alt == "No labels."
    gold = [Doc(1, "alpha beta", (Span(0, 5, "A"), Span(6, 10, "B")))]
    f1 = figures.label_f1(evaluate_entities(gold, [Doc(1, "", (Span(0, 5, "A"),))], ["A", "B", "C"]))
    assert f1.alt == "F1 by label: best A (1.00), worst B (0.00)."
    assert "1.00  (1)" in texts(f1)
    assert "C" not in texts(f1)
    assert figures.label_f1(evaluate_entities([], [], ["A"])).alt == "No label was tested."


def test_colours_of_the_labeling_config_where_they_are_colours() -> None:
    names = ["A", "B", "C", "D"]
    found = figures.label_colours(names, {"A": "#ff0000", "B": "url(evil)", "C": "rgba(1,2,3,.5)"})
    assert found == ["#ff0000", *figures.PALETTE[1:4]]
    assert figures.label_colours(names, None, ["D", "A", "new"]) == [
        *(figures.PALETTE[3], figures.PALETTE[0], figures.ACCENT)
    ]
    assert len(figures.label_colours([str(number) for number in range(25)])) == 25
