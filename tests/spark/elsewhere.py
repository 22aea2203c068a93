"""A saved pipeline in another process, with a Spark of its own: on threads, or on executors that share nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyspark

_PROGRAM = """
import json, sys
from pyspark.ml import PipelineModel
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

master, saved, rows, expression = sys.argv[1:]
spark = (
    SparkSession.builder.master(master).config("spark.ui.enabled", "false").config("spark.driver.host", "127.0.0.1")
    .config("spark.executor.memory", "512m").config("spark.scheduler.minRegisteredResourcesRatio", "1.0")
    .config("spark.scheduler.maxRegisteredResourcesWaitingTime", "60s").getOrCreate()
)

@F.udf("string")
def where(task_id):
    import os
    return os.getcwd()

found = PipelineModel.load(saved).transform(spark.read.parquet(rows).repartition(4, "task_id"))
found = found.select("task_id", F.expr(expression).alias("answer")).withColumn("where", where("task_id")).collect()
print(json.dumps({"rows": {row.task_id: row.answer for row in found}, "places": len({row["where"] for row in found})}))
"""


def transformed(master: str, saved: Path, rows: Path, expression: str, cwd: Path) -> tuple[dict[int, Any], int]:
    """Loads a pipeline that needs no Spark NLP and transforms rows.

    Args:
        master: Spark's master.
        saved: The pipeline.
        rows: A parquet folder with ``task_id`` and what the pipeline takes.
        expression: SQL over what it gives, as JSON.
        cwd: Where the process runs.

    Returns:
        The answers by task, and how many executors gave them.
    """
    environment = {
        **os.environ,
        "SPARK_HOME": str(Path(pyspark.__file__).parent),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
    }
    for name in ("PYSPARK_GATEWAY_PORT", "PYSPARK_GATEWAY_SECRET"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, master, str(saved), str(rows), expression],
        capture_output=True,
        text=True,
        timeout=240,
        env=environment,
        cwd=cwd,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answer = json.loads(done.stdout.splitlines()[-1])
    return {int(task): json.loads(found) for task, found in answer["rows"].items()}, answer["places"]
