"""P8: what the notebook layer adds to a run: the same code through papermill and as a plain script, in turns.

The code does next to nothing, so that the difference is the layer itself: starting papermill and the kernel, and
executing and saving each cell. Two sizes separate the price of a run from the price of a cell.

Run: python benchmarks/papermill_overhead.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import Turns, arguments, circumstances, environment, in_turns, report

SIZES = (10, 60)
"""Cells of the smaller and the larger notebook; a template of ours has about ten."""
GOAL_RUN_SECONDS, GOAL_CELL_SECONDS = 1.5, 0.03
PAPERMILL = "import papermill, sys; papermill.execute_notebook(sys.argv[1], sys.argv[2], {}, progress_bar=False)"


def write(folder: Path, cells: int) -> tuple[Path, Path]:
    """Writes the same code as a notebook and as a script."""
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook

    sources = [f"value_{number} = sum(range(1000))\nprint({number}, value_{number})" for number in range(cells)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources], metadata=kernel)
    paths = folder / f"{cells}.ipynb", folder / f"{cells}.py"
    nbformat.write(notebook, paths[0])
    paths[1].write_text("\n".join(sources) + "\n", encoding="utf-8")
    return paths


def seconds(command: list[str], folder: Path) -> float:
    """Returns the seconds from the start of a process to its end."""
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, check=True)
    return time.perf_counter() - start


def compare(folder: Path, cells: int, repeats: int) -> Turns:
    """Returns papermill's seconds (a) and the script's (b)."""
    notebook, script = write(folder, cells)
    through = [sys.executable, "-c", PAPERMILL, str(notebook), str(folder / "out.ipynb")]
    return in_turns(lambda: seconds(through, folder), lambda: seconds([sys.executable, str(script)], folder), repeats)


def main() -> None:
    """Measures and prints."""
    options = arguments(__doc__ or "").parse_args()
    facts = circumstances()
    rows, overheads = [], []
    with tempfile.TemporaryDirectory() as scratch:
        for cells in SIZES:
            turns = compare(Path(scratch), cells, options.repeats)
            overhead = statistics.median(a - b for a, b in zip(turns.a, turns.b, strict=True))
            allowed = GOAL_RUN_SECONDS + GOAL_CELL_SECONDS * cells
            rows.append(
                {
                    "cells": cells,
                    "papermill (s)": statistics.median(turns.a),
                    "script (s)": statistics.median(turns.b),
                    "added (s)": overhead,
                    "allowed (s)": allowed,
                    "within": "yes" if overhead <= allowed else "no",
                }
            )
            overheads.append(overhead)
    report("papermill's share of a run (P8)", "at most 1.5 s and 30 ms a cell", rows, facts, options.json)
    per_cell = (overheads[1] - overheads[0]) / (SIZES[1] - SIZES[0])
    print(f"That is {overheads[0] - SIZES[0] * per_cell:.2f} s a run and {1000 * per_cell:.0f} ms a cell.")


if __name__ == "__main__":
    main()
