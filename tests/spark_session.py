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
    running = session.start("tests", folder)
    yield running
    session.stop(running, folder)
