"""Starts the Spark session of one run, everything it writes inside the run's folder."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from genlab_widgets import memory
from genlab_widgets.errors import NotEnoughResources, WorkspaceUnusable
from genlab_widgets.resources import gpu, licenses
from genlab_widgets.settings import load_settings
from genlab_widgets.training.spark import jars, java

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_MEGABYTE = 2**20
_HEAP_SHARE = 0.5
"""Of the machine's memory: TensorFlow and ONNX Runtime hold theirs outside the heap, Python runs beside."""
_HEAP_LEAST_MB, _HEAP_MOST_MB = 1024, 16384

_LOG4J = """\
status = error
rootLogger.level = error
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n
"""


def start(app_name: str, folder: Path, use_gpu: bool = False, library: str = "open_source") -> SparkSession:
    """Starts (or returns the running) Spark session.

    Args:
        app_name: What Spark calls the application.
        folder: Spark's scratch files go to ``<folder>/spark``, which :func:`stop` removes.
        use_gpu: Whether Spark NLP's natives shall be those for a GPU.
        library: The library of the spec; a licensed one brings its own jars.

    Raises:
        DownloadFailed: The jars could not be fetched.
        NotEnoughResources: No Java that fits, Java did not start, or a GPU is asked for and there is none.
        WorkspaceUnusable: The cache folder cannot be written.
    """
    from pyspark.sql import SparkSession

    active = SparkSession.getActiveSession()
    if active is not None:
        return active
    # TensorFlow names thousands of nodes as warnings when a saved graph knows a GPU; errors still come.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ["JAVA_HOME"] = str(java.find())
    # Spark's workers would otherwise be the first python3 of PATH, without this environment's packages.
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    if use_gpu:
        gpu.require()
    if library != "open_source":
        licenses.into_environment()
    builder = SparkSession.builder.appName(app_name)
    class_path = [*jars.ensure(gpu=use_gpu), *licenses.jars_of(library)]
    for key, value in configuration(folder, class_path).items():
        builder = builder.config(key, value)
    try:
        spark: SparkSession = builder.getOrCreate()
    except Exception as error:
        raise NotEnoughResources(
            "Spark did not start.",
            f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}.",
            f"Read the log; if Java ran out of memory, set GENLAB_DRIVER_MEMORY below {driver_memory()}.",
        ) from error
    return spark


def stop(spark: SparkSession, folder: Path) -> None:
    """Ends the session and removes its scratch files."""
    import shutil

    spark.stop()
    shutil.rmtree(folder / "spark", ignore_errors=True)


@contextmanager
def borrowed(app_name: str) -> Iterator[SparkSession]:
    """Yields the session that runs already, or one of its own, which ends with the block; see :func:`start`."""
    from pyspark.sql import SparkSession

    active = SparkSession.getActiveSession()
    if active is not None:
        yield active
        return
    with tempfile.TemporaryDirectory(prefix="genlab-", ignore_cleanup_errors=True) as name:
        spark = start(app_name, Path(name))
        try:
            yield spark
        finally:
            stop(spark, Path(name))


def configuration(folder: Path, jar_paths: list[Path]) -> dict[str, str]:
    """Returns Spark's settings for a run; makes the scratch folders that they name.

    Raises:
        WorkspaceUnusable: The folder cannot be written.
    """
    settings = load_settings()
    scratch = (folder / "spark").resolve()
    log4j = scratch / "log4j2.properties"
    _make_scratch(scratch, log4j)
    options = {  # with slashes on Windows too: Spark takes a backslash here for an escape
        # TensorFlow loads its natives from here, so it lies where the run does: /tmp often forbids execution.
        "java.io.tmpdir": (scratch / "tmp").as_posix(),
        "log4j2.configurationFile": log4j.as_uri(),
        # TensorFlow's natives are unpacked once into the cache, not into every run.
        "org.bytedeco.javacpp.cachedir": (settings.cache / "javacpp").resolve().as_posix(),
    }
    shared = {
        "spark.master": settings.spark_master,
        "spark.driver.memory": driver_memory(),
        "spark.driver.maxResultSize": "0",
        "spark.driver.extraJavaOptions": " ".join(f'"-D{key}={value}"' for key, value in options.items()),
        "spark.local.dir": str(scratch / "local"),
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        "spark.serializer": "org.apache.spark.serializer.KryoSerializer",
        "spark.kryoserializer.buffer.max": "2000m",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        # Tables go to Java as Arrow, which needs no Python workers of 50 MB each.
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        # Rows that go to Python workers together: whole files may be among them.
        "spark.sql.execution.arrow.maxRecordsPerBatch": "500",
        "spark.sql.shuffle.partitions": str(max(2, os.cpu_count() or 2)),
    }
    if not settings.spark_master.startswith("local"):
        return shared | {"spark.jars": ",".join(str(path) for path in jar_paths)}
    # In local mode the driver is the executor: on its class path the jars are read in place, while spark.jars
    # copies all 320 MB of them into every run's scratch folder.
    class_path = os.pathsep.join(str(path) for path in jar_paths)
    return shared | {
        "spark.driver.extraClassPath": class_path,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
    }


def driver_memory() -> str:
    """Returns Java's heap (``12288m``): the setting, or half of the machine's memory between 1 and 16 GB."""
    wanted = load_settings().driver_memory
    if wanted:
        return wanted
    share = int(memory.limit() * _HEAP_SHARE / _MEGABYTE)
    return f"{min(max(share, _HEAP_LEAST_MB), _HEAP_MOST_MB)}m"


def _make_scratch(scratch: Path, log4j: Path) -> None:
    """Makes the folders and the logging configuration that the settings name."""
    try:
        for part in ("tmp", "local"):
            (scratch / part).mkdir(parents=True, exist_ok=True)
        log4j.write_text(_LOG4J, encoding="utf-8")
    except OSError as error:
        raise WorkspaceUnusable(
            f"Spark's scratch folder {scratch} cannot be written.",
            f"The system says: {error.strerror or error}.",
            "Set GENLAB_HOME to a folder that can be written.",
            path=str(scratch),
        ) from error
