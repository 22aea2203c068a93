"""``genlab script``: show, upload and remove, with exit codes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from genlab_widgets.workspace import Project

if TYPE_CHECKING:
    from tests.cli.conftest import Genlab

SOURCE = "def train(spark, rows, parameters, report):\n    return rows\n"


def test_a_script_is_uploaded_shown_and_removed(genlab: Genlab, project: Project, tmp_path: Path) -> None:
    assert genlab("script", "notes").out == "No training script: the default trains.\n"
    path = tmp_path / "mine.py"
    path.write_text(SOURCE)
    answer = genlab("script", "notes", "--upload", path)
    assert answer.code == 0
    assert project.script is not None
    reference = project.script.reference
    assert answer.out.startswith(f"Training script: {reference}\n")
    assert f"--custom-script {reference}" in answer.err
    assert genlab("check", "notes", "--embeddings", "word2vec", "--custom-script", "mine.py").code == 0
    assert genlab("script", "notes", "--json").json["script"]["author"] == "guest"

    removed = genlab("script", "notes", "--remove", "--json").json
    assert removed["script"] is None
    assert [item["reference"] for item in removed["history"]] == [reference]
    assert genlab("check", "notes", "--custom-script", reference).code == 2


def test_what_cannot_be_uploaded_is_told_with_its_line(genlab: Genlab, project: Project, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(SOURCE + "if\n")
    answer = genlab("script", "notes", "--upload", path, "--json")
    assert answer.code == 3
    assert (answer.json["error"]["code"], answer.json["error"]["details"]["line"]) == ("GL106", 3)
    assert genlab("script", "notes", "--upload", tmp_path / "none.py").code == 3
    assert genlab("script", "notes", "--upload", path, "--remove").code == 2
    assert project.script is None


def test_only_an_owner_may(genlab: Genlab, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENLAB_USER", "max")
    answer = genlab("script", "notes", "--remove")
    assert answer.code == 7
    assert "a Project Owner may" in answer.err
