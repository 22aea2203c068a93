"""Time to open the History page with 1,000 runs in the database, and with 100 beside it, in turns.

The rows are added as the supervisor adds those of finished run folders. What is timed is what a user waits for in the
kernel: opening the workspace, the project and the page, and putting what the browser gets (all widget states) into
JSON. The browser's own drawing is not in it: it draws one page of 50 rows, however many runs there are.

Run: python benchmarks/history_page.py [--runs 100 1000]
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from measure import Turns, arguments, circumstances, environment, in_turns, report

SMALL, LARGE = 100, 1000
GOAL_SECONDS = 1.0
ENDS = (("COMPLETED", "completed"), ("COMPLETED", "completed"), ("FAILED", "poor_quality"), ("CANCELLED", "stopped"))
CHILD = """
import json, sys, time
import ipywidgets
from genlab_widgets.widgets.pages.history import HistoryPage
from genlab_widgets.workspace import Workspace
start = time.perf_counter()
page = HistoryPage(Workspace(sys.argv[1]).project("clinic_notes"), background=False)
states = json.dumps(ipywidgets.Widget.get_manager_state(), default=str)
seconds = time.perf_counter() - start
print(json.dumps({"seconds": seconds, "count": page.table.count, "rows": len(page.table.rows), "bytes": len(states)}))
"""


def fill(home: Path, count: int) -> None:
    """Makes a workspace with the demo project and ``count`` runs that ended."""
    from genlab_widgets.database import now
    from genlab_widgets.runs.states import Status
    from genlab_widgets.workspace import Workspace

    workspace = Workspace(home)
    project = workspace.import_demo(tasks=60).project
    fields = {**project.spec(embeddings="word2vec").parameters(), "tags": ["first batch"]}
    begun = now() - timedelta(minutes=10 * count)
    with workspace.database.write() as connection:
        for number in range(1, count + 1):
            status, reason = ENDS[number % len(ENDS)]
            done = status == "COMPLETED"
            started = begun + timedelta(minutes=10 * number)
            values: dict[str, Any] = {
                "kind": "ner", "source": "manual", "status": Status(status), "reason": reason, "user": "ana",
                "message": "F1 0.712 (0.68 to 0.74); the CRF has 0.690.", "next_step": "", "spec": fields,
                "created_at": started, "started_at": started, "ended_at": started + timedelta(minutes=4),
                "f1": 0.5 + number % 400 / 1000 if done else None, "model": f"ner_{number}" if done else None,
            }  # fmt: skip
            workspace.run_rows.adopt(connection, f"clinic_notes-{number:04d}", project.name, values)


def opened(home: Path, count: int) -> float:
    """Opens the page in a fresh process and returns the seconds; all runs must be in it."""
    command = [sys.executable, "-c", CHILD, str(home)]
    answer = subprocess.run(command, env=environment(home), capture_output=True, text=True, check=True)
    found = json.loads(answer.stdout)
    if found["count"] != f"{count:,} trainings":
        raise SystemExit(f"The page shows {found['count']!r}, not {count:,} trainings.")
    return float(found["seconds"])


def main() -> None:
    """Measures and prints."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--runs", type=int, nargs=2, default=(SMALL, LARGE), help="runs of the two workspaces")
    options = parser.parse_args()
    facts = circumstances()
    small, large = options.runs
    with tempfile.TemporaryDirectory() as scratch:
        homes = {count: Path(scratch) / str(count) for count in options.runs}
        for count, home in homes.items():
            fill(home, count)
        turns = in_turns(lambda: opened(homes[large], large), lambda: opened(homes[small], small), options.repeats)
    report(
        "The History page", f"below {GOAL_SECONDS:g} s with 1,000 runs", [row(turns, large, small)], facts, options.json
    )


def row(turns: Turns, large: int, small: int) -> dict[str, Any]:
    """Returns the table's row; the slowest opening counts for the goal."""
    import statistics

    return {
        f"{large:,} runs (s)": statistics.median(turns.a),
        f"{small:,} runs (s)": statistics.median(turns.b),
        "ratio": turns.ratio,
        f"slowest, {large:,} runs (s)": max(turns.a),
        "within": "yes" if max(turns.a) < GOAL_SECONDS else "no",
        "repeats": len(turns.a),
    }


if __name__ == "__main__":
    main()
