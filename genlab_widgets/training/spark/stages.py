"""Stages of our own in a saved pipeline, where Spark NLP and Spark ML have none.

They are Spark SQL only: no Python runs on the executors. A program that loads such a pipeline needs genlab-widgets.
"""

from __future__ import annotations

from typing import Any

from pyspark import keyword_only
from pyspark.ml import Transformer
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable
from pyspark.sql import DataFrame
from pyspark.sql import functions as F


class Annotated(Transformer, DefaultParamsReadable, DefaultParamsWritable):
    """Computes an annotation column by an SQL expression and marks it as what Spark NLP shall take it for.

    Spark ML's ``SQLTransformer`` computes the same, but loses the mark (the column's metadata), without which no
    annotator accepts the column.
    """

    expression = Param(Params._dummy(), "expression", "SQL over the columns", TypeConverters.toString)
    outputCol = Param(Params._dummy(), "outputCol", "name of the column", TypeConverters.toString)  # noqa: N815
    annotatorType = Param(Params._dummy(), "annotatorType", "what it is", TypeConverters.toString)  # noqa: N815
    dimension = Param(Params._dummy(), "dimension", "size of a vector, 0 for none", TypeConverters.toInt)
    ref = Param(Params._dummy(), "ref", "name of the embeddings", TypeConverters.toString)

    @keyword_only
    def __init__(
        self,
        *,
        expression: str = "",
        outputCol: str = "",  # noqa: N803
        annotatorType: str = "",  # noqa: N803
        dimension: int = 0,
        ref: str = "",
    ) -> None:
        super().__init__()
        self._set(**self._input_kwargs)

    def _transform(self, dataset: DataFrame) -> DataFrame:
        name = self.getOrDefault(self.outputCol)
        metadata: dict[str, Any] = {"annotatorType": self.getOrDefault(self.annotatorType)}
        if self.isSet(self.dimension):
            metadata |= {"dimension": self.getOrDefault(self.dimension), "ref": self.getOrDefault(self.ref)}
        return dataset.withColumn(name, F.expr(self.getOrDefault(self.expression)).alias(name, metadata=metadata))
