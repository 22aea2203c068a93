"""What reaches the terminal: tables of any writing, durations, times, and no sign that could steer it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest

from genlab_widgets import cli
from genlab_widgets.cli import output
from genlab_widgets.cli.options import CLI_DEFAULTS, given
from genlab_widgets.runs.states import Status
from genlab_widgets.training.spec import TrainingSpec


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("\x1b[2Jgone", "\ufffd[2Jgone"),
        ("\x9b31m red", "\ufffd31m red"),
        ("over\rwritten", "over\ufffdwritten"),
        ("abc\u202edcba", "abc\ufffddcba"),
        ("half \ud83d emoji", "half \ufffd emoji"),
        ("薬 💊 é", "薬 💊 é"),
    ],
)
def test_no_sign_steers_the_terminal(text: str, shown: str) -> None:
    assert output.printable(text) == shown


def test_columns_of_any_writing_are_aligned() -> None:
    rows = [("薬剤名", 1), ("e\u0301te\u0301", 22), ("plain", None)]
    lines = output.table(("name", "n"), rows, right=(1,)).split("\n")
    assert lines == ["name     n", "薬剤名   1", "e\u0301te\u0301     22", "plain    -"]
    assert {output.width(line) for line in lines} == {10}


def test_a_cell_stays_on_its_line() -> None:
    assert output.table(("a", "b"), [("x\ny\tz", "\x1b]0;title\x07")]).split("\n")[1] == "x y z  \ufffd]0;title\ufffd"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (0.4, "0 s"), (59.4, "59 s"), (60, "1 min 0 s"), (372, "6 min 12 s"), (7_380, "2 h 03 min")],
)
def test_durations_in_words(value: float | None, text: str) -> None:
    assert output.seconds(value) == text


def test_one_moment_in_every_form_shows_alike() -> None:
    moment = datetime(2026, 1, 31, 9, 5, tzinfo=UTC)
    forms = (moment, moment.replace(tzinfo=None), moment.isoformat(), moment.timestamp())
    assert len({output.moment(form) for form in forms}) == 1
    assert output.moment(moment) == moment.astimezone().strftime("%Y-%m-%d %H:%M")
    assert output.moment(None) == "-"


def test_json_is_one_document_that_any_terminal_bears(capsys: pytest.CaptureFixture[str]) -> None:
    moment = datetime(2026, 1, 31, 9, 5, tzinfo=UTC)
    value = {"text": "薬\x1b\x9b\u202e\ud83d", "path": Path("/a"), "status": Status.COMPLETED, "at": moment}
    output.emit_json(value)
    printed = capsys.readouterr().out
    assert "薬" in printed
    assert output.printable(printed) == printed
    assert json.loads(printed) == {**value, "path": "/a", "status": "COMPLETED", "at": "2026-01-31T09:05:00+00:00"}


def test_every_field_of_the_spec_is_an_option_of_train_and_check() -> None:
    fields = set(TrainingSpec.model_fields) - {"project"}
    for command in (cli.cli.commands["train"], cli.cli.commands["check"]):
        assert fields <= {parameter.name for parameter in command.params}


def test_options_tell_limits_choices_and_defaults() -> None:
    command = cli.cli.commands["train"]
    text = " ".join(command.get_help(click.Context(command, info_name="train", terminal_width=200)).split())
    assert "Epochs (at least 1, at most 1000). [default: 10]" in text
    assert "Dropout (at least 0, less than 1)." in text
    assert "[open_source|healthcare|finance|legal|visual_nlp]" in text
    assert "--test-train-tags / --no-test-train-tags" in text
    assert "Source. [default: batch]" in text


def test_what_is_not_given_is_left_to_the_spec() -> None:
    options = {"epochs": None, "tags": (), "test_train_tags": None, "seed": 0, "leave_out_labels": ("A",)}
    assert given(options) == {**CLI_DEFAULTS, "seed": 0, "leave_out_labels": ("A",)}
    assert given({"source": "manual", "test_train_tags": False}) == {"source": "manual", "test_train_tags": False}
