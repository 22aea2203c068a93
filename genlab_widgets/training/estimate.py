"""What a training will take: seconds, memory and disk, from figures measured on two cores.

The figures come from ``docs/benchmarks.md`` and the measurements that the design rests on; they are orders of
magnitude for another machine. The page shows them as "about".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from genlab_widgets.training import word_crf
from genlab_widgets.training.finetune import device, lexical
from genlab_widgets.training.spec import defaults
from genlab_widgets.training.trainers import heads

if TYPE_CHECKING:
    from genlab_widgets.training.spec import TrainingSpec

MB = 1024 * 1024

DIMENSIONS = {"automatic": 384, "word2vec": 100, "minilm": 384}
"""Dimensions of embeddings whose name says it; ``automatic`` may take the larger."""

_SPARK_START_SECONDS = 24.0
"""Session, first job and class loading: 15 to 24 s measured."""
_WRAP_UP_SECONDS = 3.4 + 1.7 + 8.0
"""Save 3.4 s, load again 1.7 s, first prediction 8 s."""
_PAPERMILL_SECONDS = 2.0
"""1.5 s and 25 ms a cell."""
_NERDL_TOKENS_PER_SECOND = 1700.0
"""One epoch at batch 16 (1,700 under load, 2,200 without)."""
_BATCH_SECONDS = {8: 8.7, 16: 6.4, 32: 6.1, 64: 5.0}
"""Seconds an epoch of the same 14,295 tokens by batch size."""
_EVALUATION_SPEED_UP = 6.0
"""A quality block reads rows six times as fast as training does (253 rows in 1.11 s, 2,531 in 68.7 s)."""
_EMBEDDING_TOKENS_PER_SECOND = {"word2vec": 30_000.0, "vectors": 30_000.0, "minilm": 650.0}
"""23,767 tokens: 0.8 s word2vec, 36 s MiniLM."""
_LARGE_MODEL_SLOWDOWN = 8.0
"""A model of BERT-base size needs eight times MiniLM's arithmetic."""
_CRF_TOKENS_PER_SECOND = 5300.0
"""23,767 tokens in 4.5 s."""
_CRF_SECONDS_A_PAIR = 4e-9
"""Of a pass over a token, for each pair of tags: what most of the time goes to from some 25 tags on."""
_CRF_BYTES_A_TOKEN = 2_500.0
"""Features of a token in crfsuite, and the weights that they have."""
_CLASSIFIER_TOKENS_PER_SECOND = 50_000.0
"""ClassifierDL's epochs, in tokens of the texts: 3,000 short texts in 1.4 s."""
_PIECES_A_TOKEN = {"visual_ner": 2.3}
_USUAL_PIECES_A_TOKEN = 1.35
"""Word pieces of a token: 114,500 for 49,600 words of receipts, whose windows overlap; 1.35 in running text."""
_PIECES_PER_SECOND = {True: 2_200.0, False: 1_500.0}
"""Word pieces a second that MiniLM learns from on two cores, validation included; ``True`` where they have AMX."""
_TAGGED = ("ner", "visual_ner")
"""Kinds that are learned as tags of words."""
_PAIR_SECONDS_A_PIECE = 1e-9
"""For each pair of tags: 0.4 ns in a step, and the best paths through the validation part after each epoch."""
_TAG_MB = 0.5
"""For each tag: scores and their gradient of 16 x 512 pieces."""
_TABLE_COPIES = 6.0
"""Of the tables of the CRF on word pieces: two in single precision, the ONNX file's, what Spark loads."""
_MINILM_PIECES = 83_914
_COMPILE_SECONDS = 25.0
"""Steps of one or two lengths, predictions of three, and the CRF on word pieces."""
_FINE_TUNING_MEMORY_MB = 2000.0
"""Python with weights, gradients and Adam's moments of MiniLM, batch 16: 1.9 GB measured."""
_JVM_MEMORY_MB = 1400.0
"""Resident size of Spark with TensorFlow loaded, before data."""
_PYTHON_MEMORY_MB = 400.0
"""Worker and kernel with pandas, pyarrow and scikit-learn."""
_OBJECT_OVERHEAD = 6.0
"""NerDL collects all rows on the driver; embeddings as JVM objects take about six times the bare floats
(170 MB of text on BERT took 600 GB)."""
_MODEL_MB = {"minilm": 91.0, "automatic": 91.0, "word2vec": 5.0, "vectors": 50.0}
_NER_MODEL_MB = 10.0
_DISK_COPIES = 3.0
"""Scratch, saved and published copy of a model."""


class Estimate(NamedTuple):
    """What a training will take, roughly.

    Attributes:
        seconds: Wall time from start to result.
        memory_mb: Peak of worker, kernel and JVM together.
        disk_mb: Scratch and result on disk.
    """

    seconds: float
    memory_mb: float
    disk_mb: float


class Answers(NamedTuple):
    """What is learned, as far as it costs time or memory.

    Attributes:
        labels: Labels of the labeling config that train.
        texts: Training texts.
        multiple: Whether a text may have several classes.
    """

    labels: int = 0
    texts: int = 0
    multiple: bool = False

    @property
    def tags(self) -> int:
        """BIO tags with ``O``."""
        return 2 * self.labels + 1


_UNKNOWN = Answers()


def estimate(
    spec: TrainingSpec,
    train_tokens: int,
    test_tokens: int,
    dimension: int,
    width: int,
    answers: Answers = _UNKNOWN,
) -> Estimate:
    """Estimates one training.

    Seconds: start + embedding every row once and the test rows again + learning + baseline. NerDL (NER, assertion)
    learns in epochs x (train + test / 6) tokens; a classifier's heads learn from one vector a text.
    Memory: JVM + Python + 6 x tokens x width x 4 bytes. Disk: tokens x width x 4 bytes + 3 x model.

    Args:
        spec: Kind, embeddings (``vectors:<path>`` counts as ``vectors``), epochs and batch.
        train_tokens: Tokens of the training rows.
        test_tokens: Tokens of the test rows.
        dimension: Dimension of the embeddings.
        width: Dimension of the vectors that are learned on (assertion adds channels).
        answers: What is learned; without, as little as costs nothing more.
    """
    family = "minilm" if spec.embeddings == "automatic" else spec.embeddings.partition(":")[0]
    embed_rate = _EMBEDDING_TOKENS_PER_SECOND.get(family, _EMBEDDING_TOKENS_PER_SECOND["minilm"])
    if family in ("hub", "folder") and dimension >= 768:
        embed_rate /= _LARGE_MODEL_SLOWDOWN
    embedding = (train_tokens + 2 * test_tokens) / embed_rate
    tuned = spec.architecture == "fine_tuned" or _is_raced(spec)
    if spec.architecture == "crf":
        embedding = 0.0
    elif tuned and spec.kind != "classification":
        embedding = test_tokens / embed_rate
    seconds = (
        _SPARK_START_SECONDS
        + _PAPERMILL_SECONDS
        + _WRAP_UP_SECONDS
        + embedding
        + _learning_seconds(spec, train_tokens, test_tokens, answers)
    )
    # A classifier keeps one vector a text, not one a token.
    floats_mb = (train_tokens + test_tokens) * width * 4 / MB / (10 if spec.kind == "classification" else 1)
    model_mb = _NER_MODEL_MB + _MODEL_MB.get(family, _MODEL_MB["minilm"] * max(1.0, (dimension / 384) ** 2))
    memory_mb = _JVM_MEMORY_MB + _PYTHON_MEMORY_MB + _OBJECT_OVERHEAD * floats_mb + 2 * model_mb
    if spec.architecture == "crf":
        floats_mb = model_mb = 0.0
        kept = word_crf.effort(train_tokens, answers.tags, word_crf.MOST_TOKENS_ALONE, spec.epochs).tokens
        memory_mb = _JVM_MEMORY_MB + _PYTHON_MEMORY_MB + kept * _CRF_BYTES_A_TOKEN / MB
    if spec.architecture == "fine_tuned":
        floats_mb = 0.0  # no vector is kept
    if tuned:
        memory_mb = (
            _JVM_MEMORY_MB
            + _FINE_TUNING_MEMORY_MB
            + 2 * model_mb
            + _memory_of_tags(spec.kind, train_tokens, answers.tags)
        )
    return Estimate(round(seconds, 1), round(memory_mb, 1), round(floats_mb + _DISK_COPIES * model_mb, 1))


def fine_tuning_seconds(kind: str, train_tokens: int, epochs: int, labels: int = 0) -> float:
    """Estimates the epochs of a fine-tuning, compilation included.

    Args:
        kind: What is trained.
        train_tokens: Tokens of the training rows.
        epochs: Passes over them.
        labels: Labels of entities: from hundreds on, most of the time goes to the pairs of their tags.
    """
    pieces = train_tokens * _PIECES_A_TOKEN.get(kind, _USUAL_PIECES_A_TOKEN)
    seconds = _COMPILE_SECONDS + epochs * pieces / _PIECES_PER_SECOND[device.multiplies_half()]
    tags = Answers(labels).tags
    if kind in _TAGGED and tags > word_crf.USUAL_TAGS:
        seconds += epochs * pieces * tags**2 * _PAIR_SECONDS_A_PIECE + _compared_crf_seconds(train_tokens, tags)
    return seconds


def crf_seconds(train_tokens: int, tags: int, most: int = word_crf.MOST_TOKENS, passes: int = 100) -> float:
    """Estimates the training of a CRF on words, within what it may take."""
    spent = word_crf.effort(train_tokens, tags, most, passes)
    return spent.tokens * spent.passes * max(0.01 / _CRF_TOKENS_PER_SECOND, tags**2 * _CRF_SECONDS_A_PAIR)


def _compared_crf_seconds(train_tokens: int, tags: int) -> float:
    """Estimates a CRF beside the transformer, or in its race: of too many tags there is none."""
    return crf_seconds(train_tokens, tags) if word_crf.effort(train_tokens, tags).affordable else 0.0


def _is_raced(spec: TrainingSpec) -> bool:
    """Tells whether the transformer is compared with what learns faster: heads on frozen vectors, or a CRF."""
    return spec.kind in ("classification", "ner") and spec.architecture == "automatic"


def _learning_seconds(spec: TrainingSpec, train_tokens: int, test_tokens: int, answers: Answers) -> float:
    labels, tags = answers.labels, answers.tags
    if spec.architecture == "crf":
        return crf_seconds(train_tokens, tags, word_crf.MOST_TOKENS_ALONE, spec.epochs)
    if spec.architecture == "fine_tuned":
        return fine_tuning_seconds(spec.kind, train_tokens, spec.epochs, labels)
    if spec.kind == "ner" and spec.architecture == "automatic":
        tuned = fine_tuning_seconds(spec.kind, train_tokens, spec.epochs, labels)
        return tuned + _compared_crf_seconds(train_tokens, tags)
    if spec.kind == "classification":
        frozen = _heads_seconds(spec, train_tokens, answers)
        tuned = fine_tuning_seconds(spec.kind, train_tokens, defaults(spec.kind, "fine_tuned")["epochs"])
        return frozen + (tuned if _is_raced(spec) else 0.0)
    nearest = min(_BATCH_SECONDS, key=lambda size: abs(size - spec.batch_size))
    rate = _NERDL_TOKENS_PER_SECOND * _BATCH_SECONDS[16] / _BATCH_SECONDS[nearest]
    baseline = crf_seconds(train_tokens, tags) if spec.kind == "ner" else 0.0
    return spec.epochs * (train_tokens + test_tokens / _EVALUATION_SPEED_UP) / rate + baseline


def _heads_seconds(spec: TrainingSpec, train_tokens: int, answers: Answers) -> float:
    """Estimates the heads on frozen vectors: the settings that are compared, and the one that is taken."""
    neural = spec.epochs * train_tokens / _CLASSIFIER_TOKENS_PER_SECOND
    if spec.head == heads.Neural.name:
        return neural
    tried = heads.strengths(answers.texts, answers.labels, answers.multiple)
    return neural + (len(tried) + 1) * heads.fit_seconds(answers.texts, answers.labels, answers.multiple)


def _memory_of_tags(kind: str, train_tokens: int, tags: int) -> float:
    """Estimates what tags beyond the usual ones cost a fine-tuning: their scores, and the tables of the CRF beside."""
    if kind not in _TAGGED or tags <= word_crf.USUAL_TAGS:
        return 0.0
    more = tags - word_crf.USUAL_TAGS
    beside = word_crf.effort(train_tokens, tags).affordable
    small = lexical.table_bytes(_MINILM_PIECES, tags) <= lexical.MOST_BYTES
    tables = lexical.table_bytes(_MINILM_PIECES, more) if beside and small else 0
    return more * _TAG_MB + _TABLE_COPIES * tables / MB
