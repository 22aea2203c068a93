"""Paths as Spark and Hadoop want them: each has its own rule for blanks and schemes."""

from __future__ import annotations

from pathlib import Path

import pytest

from genlab_widgets.training.spark.places import address, escaped


def test_an_address_keeps_blanks() -> None:
    assert address(Path("/tmp/my models/100%")) == "file:///tmp/my models/100%"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/tmp/a b", "file:///tmp/a%20b"),
        ("file:///tmp/a b", "file:///tmp/a%20b"),
        ("file:/tmp/a", "file:///tmp/a"),
        ("hdfs://host/a b", "hdfs://host/a b"),
        ("s3a://bucket/a", "s3a://bucket/a"),
        ("relative/a", "relative/a"),
    ],
)
def test_only_local_paths_are_escaped(path: str, expected: str) -> None:
    assert escaped(path) == expected
