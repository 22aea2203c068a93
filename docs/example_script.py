"""A training script of one's own: NerDL on embeddings of the project's own texts, with settings chosen here.

Upload it with `genlab script PROJECT --upload docs/example_script.py`, then train with
`genlab train PROJECT --custom-script example_script.py`. The user guide says what `train` is given and must return.
"""

from pyspark.ml import PipelineModel
from sparknlp.annotator import NerConverter, NerDLApproach, Word2VecApproach

from genlab_widgets.training.spark import annotations, reading

LEARNING_RATE = 0.003
DIMENSION = 100


def train(spark, rows, parameters, report):
    """Returns a fitted pipeline from raw `text` to `ner_chunk`."""
    report(f"{len(rows.train)} sentences with the labels {', '.join(rows.labels)}.")
    sentences = annotations.sentence_rows(spark, rows.train)  # sentence, token, label

    words = Word2VecApproach().setInputCols("token").setOutputCol("embeddings").setSeed(parameters["seed"])
    words = words.setVectorSize(DIMENSION).setMinCount(1).setMaxIter(5).fit(sentences)

    network = (
        NerDLApproach().setInputCols("sentence", "token", "embeddings").setLabelColumn("label").setOutputCol("ner")
    )
    network = network.setMaxEpochs(parameters["epochs"]).setLr(LEARNING_RATE).setRandomSeed(parameters["seed"])
    network = network.setEnableOutputLogs(True).setOutputLogsPath(str(report.folder))
    tagger = network.fit(words.transform(sentences))

    # The same stages from raw text on: the model cuts tokens as the training rows were cut.
    chunks = NerConverter().setInputCols("sentence", "token", "ner").setOutputCol("ner_chunk")
    return PipelineModel(stages=[*reading.stages(), words, tagger, chunks])
