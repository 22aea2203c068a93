"""P12: time of ``import genlab_widgets`` against ``import ipywidgets``, each in a fresh process, in turns.

Run: python benchmarks/import_time.py
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from measure import arguments, circumstances, environment, in_turns, report, turns_row

TIMED = "import time; start = time.perf_counter(); import {module}; print(time.perf_counter() - start)"


def seconds(module: str, home: Path) -> float:
    """Returns the seconds that the import took inside a fresh interpreter (its own start is not counted)."""
    command = [sys.executable, "-c", TIMED.format(module=module)]
    return float(subprocess.run(command, env=environment(home), capture_output=True, text=True, check=True).stdout)


def main() -> None:
    """Measures and prints."""
    options = arguments(__doc__ or "").parse_args()
    facts = circumstances()
    with tempfile.TemporaryDirectory() as home:
        turns = in_turns(
            lambda: seconds("genlab_widgets", Path(home)), lambda: seconds("ipywidgets", Path(home)), options.repeats
        )
    row = turns_row("import genlab_widgets : import ipywidgets", turns, "s")
    report("Import time (P12)", "at most 1.3 times ipywidgets, and below 0.3 s", [row], facts, options.json)


if __name__ == "__main__":
    main()
