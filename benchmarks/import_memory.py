"""Peak memory of importing 100,000 and 200,000 tasks, each in a fresh process.

The export repeats the demo project's notes under new ids. The peak is the kernel's own figure (ru_maxrss) of the
importing process; the same process without an import stands beside it.

Run: python benchmarks/import_memory.py [--tasks 100000 200000]
"""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from measure import arguments, circumstances, environment, report

CHILD = """
import json, resource, sys, time
from pathlib import Path
from genlab_widgets.projects.importing import import_project
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
report = import_project(Path(sys.argv[1]), Path(sys.argv[2]))
seconds = time.perf_counter() - start
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"tasks": report.tasks, "seconds": seconds, "before_kb": before, "after_kb": after}))
"""


def write_export(folder: Path, count: int) -> Path:
    """Writes an export of ``count`` tasks, one after the other, and returns its folder."""
    from genlab_widgets.projects.demo import write_demo_project

    source = write_demo_project(folder / "source", tasks=300)
    notes = json.loads((source / "result.json").read_text(encoding="utf-8"))
    target = folder / f"tasks_{count}"
    target.mkdir()
    shutil.copy(source / "config.xml", target)
    with (target / "result.json").open("w", encoding="utf-8") as export:
        export.write("[\n")
        for number, task in zip(range(1, count + 1), itertools.cycle(notes), strict=False):
            export.write(json.dumps({**task, "id": number}, ensure_ascii=False) + (",\n" if number < count else "\n"))
        export.write("]\n")
    shutil.rmtree(source)
    return target


def measure(count: int) -> dict[str, Any]:
    """Returns the row of one size."""
    with tempfile.TemporaryDirectory() as scratch:
        export = write_export(Path(scratch), count)
        size = (export / "result.json").stat().st_size
        home = Path(scratch) / "home"
        command = [sys.executable, "-c", CHILD, str(export), str(home)]
        answer = subprocess.run(command, env=environment(home), capture_output=True, text=True, check=True)
        found = json.loads(answer.stdout)
    return {
        "tasks": found["tasks"],
        "file (MB)": size / 2**20,
        "peak memory (MB)": found["after_kb"] / 1024,
        "of it before the import (MB)": found["before_kb"] / 1024,
        "time (s)": found["seconds"],
    }


def main() -> None:
    """Measures and prints."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--tasks", type=int, nargs="+", default=[100_000, 200_000])
    options = parser.parse_args()
    facts = circumstances()
    started = time.perf_counter()
    rows = [measure(count) for count in options.tasks]
    goal = "below 300 MB for 100,000 tasks, and flat when the file doubles"
    report("Memory of an import", goal, rows, facts, options.json)
    print(f"Took {time.perf_counter() - started:.0f} s.")


if __name__ == "__main__":
    main()
