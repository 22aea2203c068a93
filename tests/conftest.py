"""Fixtures that every room's tests share, and the order of the whole suite: fast first."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import postgresql

if TYPE_CHECKING:
    from genlab_widgets.projects.store import Project

CHECKOUT = Path(__file__).resolve().parent.parent
SLOW_LAST = ("process", "spark", "browser")
"""Markers in the order in which their tests run; tests without one of them run first."""


LEFT_OUT = pytest.StashKey[int]()
"""How many tests want a PostgreSQL server where none is installed."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Runs unit tests first, so that a plain mistake shows after seconds and not after Spark."""
    if postgresql.programs() is None and os.environ.get("CI") != "true":
        left_out = [item for item in items if wants_postgresql(item)]
        config.stash[LEFT_OUT] = len(left_out)
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]

    def cost(item: pytest.Item) -> int:
        return max(
            (SLOW_LAST.index(mark.name) + 1 for mark in item.iter_markers() if mark.name in SLOW_LAST), default=0
        )

    items.sort(key=cost)


def wants_postgresql(item: pytest.Item) -> bool:
    """Tells whether a test needs the PostgreSQL server."""
    chosen = getattr(getattr(item, "callspec", None), "params", {})
    return "server" in getattr(item, "fixturenames", ()) or chosen.get("database_url") == "postgresql"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Says in one line what was left out for want of a PostgreSQL server."""
    if config.stash.get(LEFT_OUT, 0):
        terminalreporter.write_line(f"{postgresql.MISSING} {config.stash[LEFT_OUT]} tests were left out.")


@pytest.fixture(autouse=True)
def _no_inherited_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps a developer's ``GENLAB_*``, licences and GPU away from the tests; the cache of jars stays shared."""
    keep = {"GENLAB_CACHE", "GENLAB_MAVEN_URL", "GENLAB_MINILM_FOLDER"}
    for name in [name for name in os.environ if name.startswith("GENLAB_") and name not in keep]:
        monkeypatch.delenv(name)
    for name in ("SPARK_NLP_LICENSE", "SPARK_OCR_LICENSE", "JSL_OCR_LICENSE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("GENLAB_LICENSES", "GENLAB_LICENSED_JARS"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # a developer's GPU is no part of a test


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty workspace folder that ``GENLAB_HOME`` names."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("GENLAB_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def server() -> Iterator[postgresql.Server]:
    """A PostgreSQL server, started once."""
    found = postgresql.programs()
    if found is None:  # in CI only: elsewhere the tests that want one are left out
        pytest.fail(postgresql.MISSING)
    started = postgresql.Server(found)
    try:
        started.start()
        yield started
    finally:
        started.remove()


@pytest.fixture
def team_database(server: postgresql.Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty PostgreSQL database (a schema, to be exact) that ``GENLAB_DATABASE_URL`` names."""
    url = server.new_schema()
    monkeypatch.setenv("GENLAB_DATABASE_URL", url)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str | None:
    """Runs a test on either database; None is SQLite in the workspace folder, a URL a PostgreSQL database."""
    return None if request.param == "sqlite" else str(request.getfixturevalue("team_database"))


@pytest.fixture(scope="session")
def demo_export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The export folder of a small demo project (read only: shared by the session)."""
    from genlab_widgets.projects.demo import write_demo_project

    return write_demo_project(tmp_path_factory.mktemp("demo") / "clinic_notes", tasks=120, seed=7)


@pytest.fixture
def demo_project(home: Path, demo_export: Path) -> Project:
    """The demo project, imported into ``home``."""
    from genlab_widgets.projects.importing import import_project

    return import_project(demo_export, home).project
