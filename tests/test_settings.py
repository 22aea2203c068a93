"""Paths of settings mean the same everywhere: for the commands, the pages, the workers and the log of errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from genlab_widgets import Workspace
from genlab_widgets.cli import app, doctor
from genlab_widgets.errors import WrongParameters
from genlab_widgets.settings import PATHS, Settings, load_settings


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a person who works in a subfolder of it."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_every_path_is_whole(person: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(PATHS) == {name for name, field in Settings.model_fields.items() if "Path" in str(field.annotation)}
    for name in PATHS:
        monkeypatch.setenv(f"GENLAB_{name.upper()}", f"~/{name}")
    assert [getattr(load_settings(), name) for name in PATHS] == [person / name for name in PATHS]
    for name in PATHS:
        monkeypatch.setenv(f"GENLAB_{name.upper()}", name)
    assert [getattr(load_settings(), name) for name in PATHS] == [person / "here" / name for name in PATHS]


def test_a_home_with_a_tilde_is_one_folder_for_all(person: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENLAB_HOME", "~/lab")
    assert Workspace().home == load_settings().home == person / "lab"
    assert str(person / "lab") in doctor._workspace().message
    assert list((person / "here").iterdir()) == []


def test_voila_gets_every_path_whole(person: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, str] = {}
    monkeypatch.setattr(app.subprocess, "Popen", lambda command, cwd, env: seen.update(env))
    for name in PATHS:
        monkeypatch.setenv(f"GENLAB_{name.upper()}", name)
    app.start_voila(person / "genlab.ipynb", 1, "secret")
    assert [seen[f"GENLAB_{name.upper()}"] for name in PATHS] == [str(person / "here" / name) for name in PATHS]


def test_a_stranger_s_home_is_an_error_that_names_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENLAB_HOME", "~nobody_of_this_name/lab")
    with pytest.raises(WrongParameters, match="GENLAB_HOME") as caught:
        load_settings()
    details: Any = caught.value.details
    assert list(details["fields"]) == ["GENLAB_HOME"]
