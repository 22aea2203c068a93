"""A project of three kinds: entities, what is said of them, and a class of each text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.samples import task, text_of

KINDS = ("ner", "assertion", "classification")
LABELS = {"ner": ("DRUG", "DOSE"), "assertion": ("Absent", "Present"), "classification": ("high", "low")}
CONFIG = """<View>
  <Labels name="label" toName="text">
    <Label value="DRUG"/>
    <Label value="DOSE"/>
    <Label value="Absent" assertion="true"/>
    <Label value="Present" assertion="true"/>
  </Labels>
  <Choices name="urgency" toName="text" choice="single">
    <Choice value="high"/>
    <Choice value="low"/>
  </Choices>
  <Text name="text" value="$text"/>
</View>
"""


def tasks(kinds: Sequence[str] = KINDS, number: int = 60) -> list[dict[str, Any]]:
    """Returns completed tasks with annotations of these kinds."""
    return [_task(place, kinds) for place in range(1, number + 1)]


def _task(number: int, kinds: Sequence[str]) -> dict[str, Any]:
    made = task(number)
    completion = made["completions"][0]
    result = list(completion["result"]) if "ner" in kinds else []
    text, (drug, _) = text_of(number)
    if "assertion" in kinds:
        status = "Absent" if number % 2 else "Present"
        value = {"start": drug.start, "end": drug.end, "text": text[drug.start : drug.end], "labels": [status]}
        result.append({"id": "status", "from_name": "label", "to_name": "text", "type": "labels", "value": value})
    if "classification" in kinds:
        value = {"choices": ["high" if number % 3 else "low"]}
        result.append({"id": "class", "from_name": "urgency", "to_name": "text", "type": "choices", "value": value})
    completion["result"] = result
    return made
