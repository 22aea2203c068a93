"""The layers hold, and importing the package stays light."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import CHECKOUT

HEAVY = (
    "pyspark",
    "sparknlp",
    "ipywidgets",
    "anywidget",
    "pandas",
    "matplotlib",
    "sklearn",
    "papermill",
    "sqlalchemy",
    "numpy",
)


def loaded_by(statement: str) -> set[str]:
    """Returns the top-level modules that a fresh interpreter holds after ``statement``."""
    code = f"{statement}\nimport sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    return set(answer.stdout.split())


def test_layers_are_kept() -> None:
    tool = Path(sys.executable).with_name("lint-imports")
    answer = subprocess.run([tool], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_package_imports_nothing_heavy() -> None:
    assert not loaded_by("import genlab_widgets") & set(HEAVY)


def test_the_command_line_starts_without_spark_and_widgets() -> None:
    allowed_later = {"sqlalchemy", "numpy"}
    assert not loaded_by("import genlab_widgets.cli") & (set(HEAVY) - allowed_later)


def test_the_rules_need_neither_spark_nor_a_database() -> None:
    """Pure rules: the standard library, pydantic, lxml and ijson."""
    rooms = "labeling_config, tasks, selection, importing, store, members"
    assert not loaded_by(f"from genlab_widgets.projects import {rooms}") & set(HEAVY)
