"""The bare Spark NLP script that benchmarks/train_time.py compares with: CoNLL in, NerDL, a saved pipeline out.

It has nothing of GenLab but the jars and Spark's settings, so that both sides run on the same Java, heap and threads.
It caches the embedded rows, which most scripts forget: the comparison must not live from that.

Run: python benchmarks/bare_ner.py FOLDER, with train.conll, test.conll and settings.json as train_time.py writes them.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

folder = Path(sys.argv[1])
settings = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
os.environ["JAVA_HOME"] = settings["java"]
os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from pyspark.ml import PipelineModel  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402
from pyspark.sql import functions as F  # noqa: E402
from sklearn.metrics import classification_report  # noqa: E402
from sparknlp.annotator import BertEmbeddings, NerDLApproach, Word2VecApproach  # noqa: E402
from sparknlp.training import CoNLL  # noqa: E402

builder = SparkSession.builder.appName("bare")
for key, value in settings["spark"].items():
    builder = builder.config(key, value)
spark = builder.getOrCreate()
train = CoNLL().readDataset(spark, str(folder / "train.conll"))
test = CoNLL().readDataset(spark, str(folder / "test.conll"))

spec = settings["spec"]
if spec["embeddings"] == "word2vec":
    stage = (
        Word2VecApproach()
        .setInputCols("token")
        .setOutputCol("embeddings")
        .setVectorSize(100)
        .setMinCount(1)
        .setMaxIter(5)
        .setSeed(42)
        .fit(train)
    )
else:
    stage = (
        BertEmbeddings.loadSavedModel(settings["minilm"], spark)
        .setInputCols("sentence", "token")
        .setOutputCol("embeddings")
        .setCaseSensitive(False)
        .setDimension(384)
        .setBatchSize(32)
        .setMaxSentenceLength(512)
    )
embedded = stage.transform(train).cache()
stage.transform(test).write.mode("overwrite").parquet(str(folder / "test.parquet"))
ner = (
    NerDLApproach()
    .setInputCols("sentence", "token", "embeddings")
    .setLabelColumn("label")
    .setOutputCol("ner")
    .setMaxEpochs(spec["epochs"])
    .setLr(spec["learning_rate"])
    .setPo(spec["decay"])
    .setDropout(spec["dropout"])
    .setBatchSize(spec["batch_size"])
    .setRandomSeed(spec["seed"])
    .setVerbose(1)
    .setEvaluationLogExtended(True)
    .setEnableOutputLogs(True)
    .setOutputLogsPath(str(folder / "logs"))
    .setTestDataset(str(folder / "test.parquet"))
    .fit(embedded)
)
rows = ner.transform(spark.read.parquet(str(folder / "test.parquet")))
pairs = [row.col for row in rows.select(F.explode(F.arrays_zip("label.result", "ner.result"))).collect()]
print(classification_report([pair[0] for pair in pairs], [pair[1] for pair in pairs], zero_division=0))
PipelineModel(stages=[stage, ner]).write().overwrite().save(str(folder / "model"))
spark.stop()
