"""Writes one clinical-style note after the other, each with its spans, assertions and choices."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from genlab_widgets.projects import demo_words as words

ENTITIES = ("DRUG", "DOSE", "FREQUENCY", "PROBLEM", "PROCEDURE", "ANATOMY")
ASSERTIONS = ("Present", "Absent", "Possible")
_INNERMOST = re.compile(r"\[([^\[\]]*)\]")


class Mark(NamedTuple):
    """A labelled span of a note (code points, end exclusive); problems carry their assertion."""

    start: int
    end: int
    label: str
    assertion: str | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """A note with everything an annotator would say of it."""

    text: str
    marks: tuple[Mark, ...]
    age: str
    topics: tuple[str, ...]


def notes(rng: random.Random) -> Iterator[Note]:
    """Yields notes without end, no text twice."""
    seen: set[str] = set()
    while True:
        note = _Writer(rng).note()
        if note.text not in seen:
            seen.add(note.text)
            yield note


class _Writer:
    """Writes one note: who it is about and its topics are drawn once, sentences follow."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.gender = rng.choice(("she", "he"))
        self.age_group = rng.choice(tuple(words.AGES))
        self.topics = rng.sample(tuple(words.TOPICS), rng.choice((1, 1, 2, 2, 2)))
        self.topic = words.TOPICS[self.topics[0]]
        self.text = ""
        self.marks: list[Mark] = []

    def note(self) -> Note:
        sentences = [
            self.rng.choice(words.OPENERS),
            *self.rng.sample(words.SENTENCES, self.rng.choice((1, 2, 3, 3, 4, 4))),
        ]
        if self.rng.random() < 0.4:
            sentences[-1] = self.rng.choice(words.DISTRACTIONS)
        if len(self.topics) > 1 and not any(_shows_topic(sentence) for sentence in sentences[1:]):
            sentences.append("{they} also has {present}.")
        shown = iter(self.topics)
        for sentence in sentences:
            if _shows_topic(sentence):  # each topic once, then any of them
                self.topic = words.TOPICS[next(shown, None) or self.rng.choice(self.topics)]
            self._sentence(sentence)
        return Note(self.text, tuple(self.marks), self.age_group, tuple(sorted(self.topics)))

    def _sentence(self, template: str) -> None:
        while "[" in template:
            template = _INNERMOST.sub(lambda match: self.rng.choice(match.group(1).split("|")), template)
        parts = re.split(r"\{(\w+)\}", re.sub(r" (?=[ .,;])", "", template))
        if self.text:
            self.text += " "
        first = len(self.text)
        for place, part in enumerate(parts):
            self._append(part, place % 2 == 1)
        self.text = self.text[:first] + self.text[first : first + 1].upper() + self.text[first + 1 :]

    def _append(self, part: str, is_slot: bool) -> None:
        start = len(self.text)
        if not is_slot:
            self.text += part
            return
        assertion = part.capitalize() if part.capitalize() in ASSERTIONS else None
        label = "PROBLEM" if assertion else part.upper()
        self.text += self.problem() if assertion else _SLOTS[part](self)
        if label in ENTITIES:
            self.marks.append(Mark(start, len(self.text), label, assertion))

    def problem(self) -> str:
        """A common name, a composed one or an abbreviation, at times with a quality before it."""
        kind = self.rng.random()
        if kind < 0.12:
            return self.rng.choice(self.topic.short)
        if kind < 0.35:
            name = self.rng.choice(self.topic.stems) + self.rng.choice(words.PROBLEM_ENDINGS)
        elif kind < 0.65:
            name = f"{self.rng.choice(self.topic.sites)} {self.rng.choice(words.COMPLAINTS)}"
        else:
            name = self.rng.choice(self.topic.heads)
        return f"{self.rng.choice(words.QUALITIES)} {name}" if self.rng.random() < 0.4 else name

    def drug(self) -> str:
        """A common drug, or a composed name that may stand nowhere else."""
        if self.rng.random() < 0.5:
            return self.rng.choice(words.COMMON_DRUGS)
        parts = (words.DRUG_STARTS, words.DRUG_MIDDLES, words.DRUG_ENDINGS)
        name = "".join(self.rng.choice(part) for part in parts)
        return name.capitalize() if self.rng.random() < 0.5 else name

    def dose(self) -> str:
        if self.rng.random() < 0.2:
            return self.rng.choice(words.COUNTED_DOSES)
        unit, amounts = self.rng.choice(tuple(words.DOSE_UNITS.items()))
        return f"{self.rng.choice(amounts):,} {unit}"

    def anatomy(self) -> str:
        return self.rng.choice((*self.topic.anatomy, *self.topic.sites))

    def procedure(self) -> str:
        name = self.rng.choice(self.topic.procedures)
        if self.rng.random() < 0.4:
            name = f"{self.rng.choice(self.topic.sites)} {self.rng.choice(words.STUDIES)}"
        return f"{self.rng.choice(('repeat', 'urgent', 'elective'))} {name}" if self.rng.random() < 0.15 else name

    def noun(self) -> str:
        _, women, men = words.AGES[self.age_group]
        return self.rng.choice(women if self.gender == "she" else men)

    def date(self) -> str:
        day, month = self.rng.randint(1, 28), self.rng.randrange(len(words.MONTHS))
        return self.rng.choice((f"{words.MONTHS[month]} {day}", f"{day:02d}/{2 * month + 1:02d}"))

    def vital(self) -> str:
        high = self.rng.randint(95, 185)
        return self.rng.choice((f"BP {high}/{high - 45}", f"HR {high - 40}/min", f"temp {36 + high / 60:.1f} °C"))

    def lab(self) -> str:
        name, low, high, unit = self.rng.choice(words.LABS)
        return f"{name} {self.rng.randint(low, high)} {unit}"


def _shows_topic(template: str) -> bool:
    """Tells whether words of the topic are sure to occur: a slot outside the alternatives."""
    while "[" in template:
        template = _INNERMOST.sub("", template)
    return re.search(r"\{(present|absent|possible|anatomy|procedure)\}", template) is not None


_SLOTS: dict[str, Callable[[_Writer], str]] = {
    "drug": _Writer.drug,
    "dose": _Writer.dose,
    "anatomy": _Writer.anatomy,
    "procedure": _Writer.procedure,
    "noun": _Writer.noun,
    "date": _Writer.date,
    "vital": _Writer.vital,
    "lab": _Writer.lab,
    "frequency": lambda self: self.rng.choice(words.FREQUENCIES),
    "person": lambda self: self.rng.choice(words.PEOPLE[self.gender]),
    "they": lambda self: self.rng.choice((self.gender, "patient", "the patient")),
    "age": lambda self: str(self.rng.choice(words.AGES[self.age_group][0])),
    "span": lambda self: f"{self.rng.randint(2, 14)} {self.rng.choice(words.SPANS)}",
    "clock": lambda self: f"{self.rng.randint(6, 22)}:{self.rng.choice(('00', '15', '30'))}",
    "year": lambda self: str(self.rng.randint(2009, 2024)),
    "weight": lambda self: f"{self.rng.randint(14, 110)} kg",
    "hours": lambda self: f"{self.rng.randint(4, 9)} hours",
    "thing": lambda self: f"{self.rng.choice(words.THING_KINDS)} {self.rng.choice(words.THINGS)}",
    "object": lambda self: self.rng.choice(words.OBJECTS),
    "fluid": lambda self: f"{self.rng.choice((200, 250, 500))} mL of {self.rng.choice(('water', 'tea', 'milk'))}",
    "mood": lambda self: self.rng.choice(words.MOODS),
}
