"""Stages of our own that need a file on every executor: it is saved with the pipeline and sent by Spark."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pyspark import SparkFiles, keyword_only
from pyspark.ml import Transformer
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.util import DefaultParamsReader, DefaultParamsWriter, MLReadable, MLWritable
from pyspark.sql import functions as F

from genlab_widgets.training.spark.places import address, escaped

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_FILES = "files"
_C = TypeVar("_C", bound="Carrier")


class Carrier(Transformer, MLReadable, MLWritable):
    """A stage with a model's file, which lies in the folder of the saved stage; executors get it from Spark.

    Attributes:
        named: First part of the file's name.
        place: Where the file is on the driver.
    """

    named: ClassVar[str] = "model"
    file = Param(Params._dummy(), "file", "name of the model's file", TypeConverters.toString)

    @keyword_only
    def __init__(self, *, file: str = "") -> None:
        super().__init__()
        self.place: Path | None = None
        self._set(**self._input_kwargs)

    @classmethod
    def of(cls: type[_C], model: Path) -> _C:
        """Makes the stage of a model's file, which gets a name that no other model has."""
        digest = hashlib.sha256(model.read_bytes()).hexdigest()
        named = model.with_name(f"{cls.named}-{digest[:16]}{model.suffix}")
        if named != model:
            shutil.copyfile(model, named)
        stage: _C = cls(file=named.name)
        stage.place = named
        return stage

    def sent(self, spark: SparkSession) -> str:
        """Sends the file to the executors, if it is not there; returns its name for ``SparkFiles.get``."""
        name: str = self.getOrDefault(self.file)
        if not Path(SparkFiles.get(name)).is_file():
            spark.sparkContext.addFile(str(self.place))
        return name

    def write(self) -> _Writer:
        """Returns what saves the stage."""
        return _Writer(self)

    @classmethod
    def read(cls) -> _Reader:
        """Returns what loads the stage."""
        return _Reader(cls)


class _Writer(DefaultParamsWriter):
    """Saves the parameters as Spark does, and the model's file beside them, on whatever file system it is."""

    def saveImpl(self, path: str) -> None:  # noqa: N802
        super().saveImpl(path)
        hadoop = self.sc._jvm.org.apache.hadoop.fs
        target = hadoop.Path(f"{path}/{_FILES}")
        system = target.getFileSystem(self.sc._jsc.hadoopConfiguration())
        system.mkdirs(target)
        system.copyFromLocalFile(hadoop.Path(address(Path(self.instance.place))), target)


class _Reader(DefaultParamsReader):
    """Loads the parameters, and lets Spark fetch the model's file for driver and executors."""

    def load(self, path: str) -> Carrier:
        stage: Carrier = super().load(path)
        name = stage.getOrDefault(stage.file)
        self.sc.addFile(escaped(f"{path}/{_FILES}/{name}"))
        stage.place = Path(SparkFiles.get(name))
        return stage


def pandas_udf(function: Callable[..., Any], kind: str, inputs: int) -> Any:
    """Returns a pandas UDF of series; pandas is imported here only, so the hints that Spark reads are set here.

    Args:
        function: Takes series.
        kind: What it returns: Spark's type of a series' values, or a struct, for a frame.
        inputs: How many series it takes.
    """
    import pandas as pd

    names = list(function.__code__.co_varnames[:inputs])
    given = pd.DataFrame if kind.startswith("struct") else pd.Series
    function.__annotations__ = {**dict.fromkeys(names, pd.Series), "return": given}
    return F.pandas_udf(function, kind)
