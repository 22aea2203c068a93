"""The one Spark session of a test process; a conftest imports the fixture ``spark`` from here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """A running session; starting one takes ten seconds, so all tests of the process share it."""
    from genlab_widgets.training.spark import session

    folder = tmp_path_factory.mktemp("spark")
    yield session.start("tests", folder)
    end()


def end() -> None:
    """Ends the session and its Java, which by then holds many GB: what comes later needs them."""
    import sys

    if "pyspark" not in sys.modules:
        return
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    active = SparkSession.getActiveSession()
    if active is not None:
        active.stop()
    gateway = SparkContext._gateway
    if gateway is not None:
        gateway.shutdown()
        gateway.proc.kill()
        gateway.proc.wait()
        SparkContext._gateway = SparkContext._jvm = None
