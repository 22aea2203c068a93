"""The training templates: run by hand they train what they say, with the defaults of the spec."""

from __future__ import annotations

import ast
import re
from typing import Any, get_args

import nbformat
import pytest

from genlab_widgets.training.spec import Kind, TrainingSpec, defaults
from genlab_widgets.training.steps import Training
from tests.conftest import CHECKOUT

TEMPLATES = CHECKOUT / "notebooks" / "templates"
KINDS = get_args(Kind)


def cells(kind: str) -> list[Any]:
    """Returns the cells of the template of a kind."""
    found: list[Any] = nbformat.read(TEMPLATES / f"train_{kind}.ipynb", as_version=4).cells
    return found


def parameters(kind: str) -> dict[str, Any]:
    """Returns what the cell ``parameters`` sets."""
    (source,) = (cell.source for cell in cells(kind) if "parameters" in cell.metadata.get("tags", ()))
    return {line.targets[0].id: ast.literal_eval(line.value) for line in ast.parse(source).body}


def test_every_kind_has_a_template() -> None:
    assert sorted(path.stem for path in TEMPLATES.glob("train_*.ipynb")) == sorted(f"train_{kind}" for kind in KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_its_parameters_are_the_defaults_of_the_spec(kind: str) -> None:
    given = parameters(kind)
    assert given.keys() == TrainingSpec.model_fields.keys()
    named = {name: value for name, value in given.items() if value is not None}
    spec = TrainingSpec.parse({**named, "project": "any"})
    assert spec == TrainingSpec(project="any", kind=spec.kind)
    assert spec.kind == kind
    assert {name for name, value in given.items() if value is None} >= defaults(kind, "automatic").keys()


@pytest.mark.parametrize("kind", KINDS)
def test_its_cells_call_steps_that_there_are_and_hold_no_output(kind: str) -> None:
    code = [cell for cell in cells(kind) if cell.cell_type == "code"]
    called = [name for cell in code for name in re.findall(r"^run\.(\w+)\(", cell.source, re.M)]
    assert called[0] == "prepare"
    assert called[-1] == "publish"
    assert all(hasattr(Training, name) for name in called)
    assert not any(cell.outputs or cell.execution_count for cell in code)
    assert ("pages" in called) is (kind == "visual_ner")
