"""The wheel builds and holds what an installed package needs."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT

pytestmark = pytest.mark.process
LAB = "share/jupyter/labextensions/genlab-widgets/"
SERVER_CONFIG = "etc/jupyter/jupyter_server_config.d/genlab_widgets.json"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by hatchling in this environment (no network)."""
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    answer = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return next(target.glob("*.whl"))


def test_the_wheel_holds_notebooks_and_templates(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for notebook in (CHECKOUT / "notebooks").rglob("*.ipynb"):
        if ".ipynb_checkpoints" not in notebook.parts:
            assert f"genlab_widgets/_notebooks/{notebook.relative_to(CHECKOUT / 'notebooks').as_posix()}" in names
    assert "genlab_widgets/_notebooks/templates/train_ner.ipynb" in names


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    package = CHECKOUT / "genlab_widgets"
    ours = {path.relative_to(CHECKOUT).as_posix() for path in package.rglob("*") if path.is_file()}
    elsewhere = ("__pycache__", ".ipynb_checkpoints", "genlab_widgets/labextension/")  # the last: see below
    missing = {name for name in ours if not any(part in name for part in elsewhere)} - names
    assert not missing


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith((".dist-info", ".data"))} == {"genlab_widgets"}
    for name in names:
        assert ".data/" not in name or LAB in name or name.endswith(SERVER_CONFIG), name
        assert not name.startswith("genlab_widgets/labextension"), "the JupyterLab extension would be there twice"


def test_the_wheel_holds_the_jupyterlab_extension(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    names = archive.namelist()
    about = json.loads(archive.read(next(name for name in names if name.endswith(f"{LAB}package.json"))))
    assert f"genlab_widgets-{about['version']}" in wheel.name
    assert any(name.endswith(LAB + about["jupyterlab"]["_build"]["load"]) for name in names)
    config = json.loads(archive.read(next(name for name in names if name.endswith(SERVER_CONFIG))))
    assert config["ServerApp"]["jpserver_extensions"] == {"genlab_widgets.server": True}
    scripts = [archive.read(name) for name in names if re.search(rf"{LAB}static/.*\.js$", name)]
    assert sum(len(gzip.compress(script)) for script in scripts) <= 100_000


def test_the_command_is_installed(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    entry = next(name for name in archive.namelist() if name.endswith("entry_points.txt"))
    assert "genlab = genlab_widgets.cli:main" in archive.read(entry).decode()
