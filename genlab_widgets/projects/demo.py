"""The demo project: an export of clinical-style notes, generated from a seed.

It shows what real projects have: several people in priority order, reviews, drafts, starred, skipped and rejected
completions, and wrong labels wherever the selection must not look. Every label has examples enough to train.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple

from genlab_widgets.projects import demo_words as words
from genlab_widgets.projects.demo_notes import ASSERTIONS, ENTITIES, Mark, Note, notes

MEMBERS = (
    {"username": "olga", "role": "Project Owner"},
    {"username": "max", "role": "Manager"},
    {"username": "amara", "role": "Annotator"},
    {"username": "noah", "role": "Annotator"},
    {"username": "jonas", "role": "Annotator"},
    {"username": "rita", "role": "Reviewer"},
)
ANNOTATORS = ("amara", "noah", "jonas")
REVIEWER = "rita"
COLORS = ("#1f7a8c", "#b5651d", "#6a4c93", "#b23a48", "#3a7d44", "#8d6a9f", "#555555", "#777777", "#999999")
_FIRST_DAY = datetime(2026, 1, 5, 8, 0)


class Answer(NamedTuple):
    """One completion of a task: who gives it (of two annotators the one with more or less priority), and how."""

    by: Literal["more", "less", "manager"] = "more"
    right: bool = True
    starred: bool = False
    draft: bool = False
    skipped: bool = False
    accepted: bool | None = None


_WRONG_DRAFT = Answer("manager", right=False, draft=True)
CASES: tuple[tuple[int, tuple[Answer, ...]], ...] = (
    (4, (Answer(),)),
    (2, (Answer(starred=True),)),
    (2, (Answer(), Answer("less", right=False))),
    (2, (Answer(), Answer("less", right=False, starred=True), _WRONG_DRAFT)),
    (3, (Answer(right=False), Answer("less", accepted=True))),
    (1, (Answer(right=False, accepted=False), Answer("less"))),
    (1, (Answer(starred=True), Answer(right=False))),
    (1, (Answer(right=False), Answer(), _WRONG_DRAFT)),
    (1, (Answer(right=False, accepted=False),)),
    (1, (Answer(right=False, draft=True),)),
    (1, (Answer(skipped=True),)),
    (1, ()),
)
"""Answers in the order of time, and how often they occur in twenty tasks. Where a right one is, it is the one that
the selection must choose; four of twenty tasks have none that may train."""


def write_demo_project(folder: Path, tasks: int = 300, seed: int = 7) -> Path:
    """Writes the demo project as an export: ``config.xml``, ``project.json`` and ``result.json``.

    Args:
        folder: Where to; made if it is missing.
        tasks: How many tasks, one of them (from 20 on) without text. From 300 on each label has over 50 examples.
        seed: The same seed writes the same bytes.

    Returns:
        The folder.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    about = {
        "name": folder.name,
        "description": "Invented clinical notes, written by the package's own generator.",
        "language": "en",
        "members": MEMBERS,
    }
    (folder / "config.xml").write_text(_config(), encoding="utf-8", newline="\n")
    (folder / "project.json").write_text(json.dumps(about, indent=1), encoding="utf-8")
    with (folder / "result.json").open("w", encoding="utf-8", newline="\n") as out:
        out.write("[")
        for number, task in enumerate(_tasks(tasks, random.Random(seed))):
            out.write(("\n" if number == 0 else ",\n") + json.dumps(task, ensure_ascii=False))
        out.write("\n]\n")
    return folder


def _config() -> str:
    tags = [
        f'    <Label value="{name}" background="{color}"'
        for name, color in zip((*ENTITIES, *ASSERTIONS), COLORS, strict=True)
    ]
    return "\n".join(
        (
            '<View style="overflow: auto;">',
            "  <!-- Demo project: every note is invented. -->",
            '  <Labels name="label" toName="text">',
            *(f'{tag} hotkey="{key}"/>' for key, tag in enumerate(tags[: len(ENTITIES)], 1)),
            *(f'{tag} assertion="true"/>' for tag in tags[len(ENTITIES) :]),
            "  </Labels>",
            '  <Text name="text" value="$text"/>',
            *_choices("age", "Age", "single", words.AGES),
            *_choices("topics", "Topics", "multiple", words.TOPICS),
            "</View>\n",
        )
    )


def _choices(name: str, title: str, choice: str, values: Iterable[str]) -> Iterator[str]:
    yield f'  <Header value="{title}"/>'
    yield f'  <Choices name="{name}" toName="text" choice="{choice}" showInline="true">'
    yield from (f'    <Choice value="{value}"/>' for value in values)
    yield "  </Choices>"


def _tasks(count: int, rng: random.Random) -> Iterator[dict[str, Any]]:
    twenty = [answers for times, answers in CASES for _ in range(times)]
    cases: list[tuple[Answer, ...]] = []
    for number, note in enumerate(islice(notes(rng), count), 1):
        cases = cases or rng.sample(twenty, len(twenty))
        answers = cases.pop()
        if number == count // 2 and count >= len(twenty):  # a scan that could not be read
            note, answers = Note("", (), note.age, note.topics), ()
        yield _task(number, note, answers, rng)


def _task(number: int, note: Note, answers: tuple[Answer, ...], rng: random.Random) -> dict[str, Any]:
    created = _FIRST_DAY + timedelta(minutes=7 * number)
    higher, lower = sorted(rng.sample(ANNOTATORS, 2), key=ANNOTATORS.index)
    users = {"more": higher, "less": lower, "manager": "max"}
    completions = [
        _completion(1000 * number + place, users[answer.by], answer, note, created + timedelta(days=place), rng)
        for place, answer in enumerate(answers, 1)
    ]
    tags = rng.choices((["Train"], ["Test"], []), (70, 22, 8))[0]
    if any(answer.accepted for answer in answers):
        tags = [*tags, "Validated"]
    return {
        "id": number,
        "created_by": "olga",
        "created_at": f"{created:%Y-%m-%d %H:%M:%S}",
        "data": {"text": note.text, "title": f"note-{number:05d}"},
        "completions": rng.sample(completions, len(completions)),  # who came first need not stand first
        "predictions": [],
        "tags": tags,
    }


def _completion(
    number: int, user: str, answer: Answer, note: Note, created: datetime, rng: random.Random
) -> dict[str, Any]:
    seconds = rng.randint(15, 400)
    completion: dict[str, Any] = {
        "id": number,
        "created_username": user,
        "created_ago": f"{created.isoformat()}Z",
        "lead_time": seconds + rng.randint(0, 9) / 10,
        "honeypot": answer.starred,
        "result": [] if answer.skipped else _result(note if answer.right else _mistaken(note, rng), rng),
    }
    if not answer.draft:
        completion["submitted_at"] = f"{(created + timedelta(seconds=seconds)).isoformat()}Z"
    if answer.skipped:
        completion["was_cancelled"] = True
    if answer.accepted is not None:
        when = created + timedelta(hours=5)
        completion["reviews"] = [
            {"created_by": REVIEWER, "created_at": f"{when.isoformat()}Z", "accepted": answer.accepted}
        ]
    return completion


def _mistaken(note: Note, rng: random.Random) -> Note:
    """Returns the note as a careless annotator sees it: labels swapped or missed, other choices."""
    marks = tuple(
        Mark(
            mark.start,
            mark.end,
            rng.choice([label for label in ENTITIES if label != mark.label]),
            mark.assertion and rng.choice([name for name in ASSERTIONS if name != mark.assertion]),
        )
        for mark in note.marks
        if rng.random() < 0.8
    )
    others = [topic for topic in words.TOPICS if topic not in note.topics]
    return Note(note.text, marks, rng.choice([age for age in words.AGES if age != note.age]), (rng.choice(others),))


def _result(note: Note, rng: random.Random) -> list[dict[str, Any]]:
    result = [_region(note, mark, label, rng) for mark in note.marks for label in (mark.label, mark.assertion) if label]
    return [*result, _choice("age", [note.age], rng), _choice("topics", list(note.topics), rng)]


def _region(note: Note, mark: Mark, label: str, rng: random.Random) -> dict[str, Any]:
    """An assertion is a second region on the span of its problem; nothing but the labeling config tells it apart."""
    value = {
        "start": mark.start,
        "end": mark.end,
        "text": note.text[mark.start : mark.end],
        "labels": [label],
        "confidence": 1,
    }
    return {"id": _new_id(rng), "from_name": "label", "to_name": "text", "type": "labels", "value": value}


def _choice(name: str, chosen: list[str], rng: random.Random) -> dict[str, Any]:
    value = {"choices": chosen, "confidence": 1}
    return {"id": _new_id(rng), "from_name": name, "to_name": "text", "type": "choices", "value": value}


def _new_id(rng: random.Random) -> str:
    return f"{rng.getrandbits(40):010x}"
