"""Spark's settings for a run; nothing is started."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from genlab_widgets import memory
from genlab_widgets.errors import NotEnoughResources, WorkspaceUnusable
from genlab_widgets.training.spark import session

JARS = [Path("/jars/a.jar"), Path("/jars/b.jar")]


def test_what_spark_writes_stays_in_the_folder_of_the_run(tmp_path: Path) -> None:
    settings = session.configuration(tmp_path / "run", JARS)
    scratch = (tmp_path / "run" / "spark").resolve()
    assert settings["spark.local.dir"] == str(scratch / "local")
    assert settings["spark.sql.warehouse.dir"] == str(scratch / "warehouse")
    options = settings["spark.driver.extraJavaOptions"]
    assert f'"-Djava.io.tmpdir={(scratch / "tmp").as_posix()}"' in options
    assert (scratch / "tmp").is_dir()
    assert (scratch / "local").is_dir()
    assert "SYSTEM_ERR" in (scratch / "log4j2.properties").read_text(encoding="utf-8")
    assert (scratch / "log4j2.properties").as_uri() in options


def test_on_one_machine_the_jars_are_read_in_place(tmp_path: Path) -> None:
    settings = session.configuration(tmp_path, JARS)
    assert settings["spark.driver.extraClassPath"].split(os.pathsep) == [str(path) for path in JARS]
    assert "spark.jars" not in settings
    assert settings["spark.driver.host"] == "127.0.0.1"


def test_a_cluster_gets_the_jars_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENLAB_SPARK_MASTER", "spark://somewhere:7077")
    settings = session.configuration(tmp_path, JARS)
    assert settings["spark.master"] == "spark://somewhere:7077"
    assert settings["spark.jars"] == ",".join(str(path) for path in JARS)
    assert "spark.driver.extraClassPath" not in settings
    assert "spark.driver.host" not in settings


def test_the_heap_is_half_of_the_memory_between_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    for gigabytes, expected in ((1, "1024m"), (8, "4096m"), (256, "16384m")):
        monkeypatch.setattr(memory, "limit", lambda size=gigabytes: size * 2**30)
        assert session.driver_memory() == expected
    monkeypatch.setenv("GENLAB_DRIVER_MEMORY", "3g")
    assert session.driver_memory() == "3g"


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file", encoding="utf-8")
    with pytest.raises(WorkspaceUnusable) as caught:
        session.configuration(tmp_path / "run", JARS)
    assert "GENLAB_HOME" in caught.value.next_step


def test_a_gpu_that_is_not_there_is_refused_before_java_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session.gpu, "found", lambda: ())
    with pytest.raises(NotEnoughResources, match="asks for a GPU"):
        session.start("refused", tmp_path, use_gpu=True)
