"""How every benchmark here measures: A and B in turns, medians, ratios, the machine and its load beside them.

Seconds of a shared machine mean little; ratios of things measured in turns mean something. A figure is published with
both medians, the machine, the load and the versions, and is void if the load exceeded the cores before the start.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

CHECKOUT = Path(__file__).resolve().parent.parent
SAMPLE_SECONDS = 0.1
SETTLED_SECONDS = 1.0
"""A younger process is not counted: between fork and exec a child shows its parent's memory as its own."""
PACKAGES = (
    *("genlab-widgets", "pyspark", "spark-nlp", "papermill", "ipywidgets", "numpy", "pandas", "sklearn-crfsuite"),
    *("jax", "onnxruntime"),
)


@dataclass
class Turns:
    """Two series measured in turns (A B A B ...), in the same unit."""

    a: list[float] = field(default_factory=list)
    b: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """Median of A by median of B."""
        return statistics.median(self.a) / statistics.median(self.b)


def in_turns(a: Callable[[], float], b: Callable[[], float], repeats: int) -> Turns:
    """Calls ``a`` and ``b`` in turns, after one unmeasured call of each (caches, bytecode)."""
    a(), b()
    turns = Turns()
    for _ in range(repeats):
        turns.a.append(a())
        turns.b.append(b())
    return turns


def circumstances() -> dict[str, Any]:
    """Returns the machine, its load and the versions; ``void`` says that the load exceeded the cores."""
    cores, memory = os.cpu_count() or 1, psutil.virtual_memory().total >> 30
    load = os.getloadavg()[0]
    return {
        "at": time.strftime("%Y-%m-%d %H:%M"),
        "machine": f"{platform.system()} {platform.machine()}, {cores} cores, {memory} GiB",
        "python": platform.python_version(),
        "load_before": round(load, 2),
        "void": load > cores,
        "versions": {name: version for name in PACKAGES if (version := _version(name))},
    }


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


class Watch:
    """Measures a process and its descendants from outside: the highest sum of resident memory, in MB, and CPU seconds.

    Shared pages count once per process, so the sum is an upper bound, the same for both sides of a comparison. CPU
    seconds say more than the clock where others use the machine too; the last sample of a process counts.

    Args:
        find: Returns the processes to watch now; called for each sample, so a worker that starts later is seen.
    """

    def __init__(self, find: Callable[[], list[psutil.Process]]) -> None:
        self._find = find
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._cpu: dict[psutil.Process, float] = {}
        self.peak_mb = 0.0

    @property
    def cpu_seconds(self) -> float:
        """CPU time used so far by all processes seen."""
        return sum(list(self._cpu.values()))

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._done.wait(SAMPLE_SECONDS):
            found = self._find()
            self.peak_mb = max(self.peak_mb, sum(map(_rss, found)) / 2**20)
            self._cpu |= {process: seconds for process in found if (seconds := _cpu_seconds(process)) is not None}


def _rss(process: psutil.Process) -> int:
    try:
        settled = time.time() - process.create_time() > SETTLED_SECONDS
        return int(process.memory_info().rss) if settled else 0
    except psutil.Error:
        return 0


def _cpu_seconds(process: psutil.Process) -> float | None:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return None
    return float(times.user + times.system)


def family(pid: int | None) -> list[psutil.Process]:
    """Returns a process and all its descendants; none of a process that is gone."""
    if pid is None:
        return []
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


class Lines:
    """Finished measurements, one JSON object a line: a benchmark that was killed goes on after the last of them.

    Args:
        path: The file; None keeps them in memory only.
        key: Names of the fields by which one measurement is told from another.
    """

    def __init__(self, path: Path | None, key: Sequence[str]) -> None:
        self._path, self._key = path, tuple(key)
        self._rows = read_lines(path) if path is not None and path.exists() else []

    def done(self, **fields: Any) -> bool:
        """Says whether the measurement with these fields, all of the key, is there already."""
        wanted = [fields[name] for name in self._key]
        return any([row.get(name) for name in self._key] == wanted for row in self._rows)

    def add(self, row: dict[str, Any]) -> None:
        """Prints a finished measurement and appends it to the file."""
        self._rows.append(json.loads(json.dumps(row)))
        print(json.dumps(row), flush=True)
        if self._path is not None:
            before = self._path.read_bytes() if self._path.exists() else b""
            cut = bool(before) and not before.endswith(b"\n")
            with self._path.open("a", encoding="utf-8") as file:
                file.write("\n" * cut + json.dumps(row) + "\n")

    def rows(self, **fields: Any) -> list[dict[str, Any]]:
        """Returns the measurements with these fields, of earlier starts too."""
        return [row for row in self._rows if all(row.get(name) == value for name, value in fields.items())]


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Reads the measurements of a file; a line that was cut short by the end of its process is passed over."""
    found = []
    for line in path.read_text(encoding="utf-8").split("\n"):
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def report(name: str, goal: str, rows: list[dict[str, Any]], facts: dict[str, Any], target: Path | None) -> None:
    """Prints a benchmark as a table for docs/benchmarks.md and writes it as JSON where ``target`` names a file."""
    print(f"### {name}\n\nGoal: {goal}\n")
    heads = list(rows[0])
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    for row in rows:
        print("| " + " | ".join(_cell(row[head]) for head in heads) + " |")
    void = " **Void: the load exceeded the cores.**" if facts["void"] else ""
    print(f"\n{facts['machine']}, Python {facts['python']}, load {facts['load_before']} before, {facts['at']}.{void}")
    print(f"Versions: {', '.join(f'{name} {version}' for name, version in facts['versions'].items())}.\n", flush=True)
    if target is not None:
        target.write_text(json.dumps({"name": name, "goal": goal, "rows": rows, **facts}, indent=2), encoding="utf-8")


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def environment(home: Path) -> dict[str, str]:
    """Returns this process's environment with a workspace of its own, for the processes that are measured."""
    return {**os.environ, "GENLAB_HOME": str(home), "PYTHONPATH": str(CHECKOUT)}


def turns_row(what: str, turns: Turns, unit: str) -> dict[str, Any]:
    """Returns one table row for a comparison."""
    return {
        "what": what,
        f"ours ({unit})": statistics.median(turns.a),
        f"theirs ({unit})": statistics.median(turns.b),
        "ratio": turns.ratio,
        "repeats": len(turns.a),
    }


def arguments(description: str, rounds: bool = True) -> Any:
    """Returns a parser with the options that every benchmark has; ``rounds`` says whether it measures in rounds."""
    import argparse

    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="also write the figures there")
    if rounds:
        parser.add_argument("--repeats", type=int, default=5, help="measured rounds (default: 5)")
    return parser
