"""The Spark session that the tests of this folder share."""

from __future__ import annotations

from tests.spark_session import spark

__all__ = ["spark"]
