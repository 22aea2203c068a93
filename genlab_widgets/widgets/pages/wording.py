"""Words, times and figures as the pages write them."""

from __future__ import annotations

from datetime import datetime

STATUS = {
    "QUEUED": "Queued",
    "STARTING": "Starting",
    "RUNNING": "Running",
    "CANCELLING": "Stopping",
    "COMPLETED": "Completed",
    "FAILED": "Failed",
    "CANCELLED": "Cancelled",
    "CRASHED": "Crashed",
}
TONE = {"COMPLETED": "ok", "FAILED": "fail", "CRASHED": "fail", "QUEUED": "wait", "CANCELLED": "quiet"}
KINDS = {
    "ner": "NER",
    "assertion": "Assertion",
    "classification": "Classification",
    "visual_ner": "Visual NER",
    "all": "All kinds",
}
SOURCES = {"manual": "manual", "active_learning": "active learning", "batch": "batch"}
_KB = 1024


def tone(status: str) -> str:
    """Returns the colour class of a status chip; the word stands beside it always."""
    return TONE.get(status, "run")


def duration(seconds: float | None) -> str:
    """Returns a duration as "6 min 12 s"; a dash for none."""
    if seconds is None:
        return "\u2013"
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {left:02d} s" if minutes else f"{left} s"


def about(seconds: float) -> str:
    """Returns a rough duration: "about 6 minutes"."""
    if seconds < 55:
        return f"about {max(10, round(seconds / 10) * 10)} seconds"
    if seconds < 5400:
        minutes = max(1, round(seconds / 60))
        return f"about {minutes} minute{'' if minutes == 1 else 's'}"
    return f"about {seconds / 3600:.1f} hours"


def left(seconds: float | None) -> str:
    """Returns the time that is left, rounded so that it does not flicker."""
    if seconds is None:
        return ""
    if seconds < 10:
        return "a few seconds left"
    if seconds < 90:
        return f"{round(seconds / 10) * 10} s left"
    return f"{round(seconds / 60)} min left"


def moment(when: datetime | None) -> str:
    """Returns a time of this machine's clock: "2026-03-14 09:26"."""
    return "\u2013" if when is None else when.astimezone().strftime("%Y-%m-%d %H:%M")


def size(count: float) -> str:
    """Returns a number of bytes with its unit."""
    for unit in ("B", "KB", "MB"):
        if count < _KB:
            return f"{count:.0f} {unit}"
        count /= _KB
    return f"{count:.1f} GB"


def memory(megabytes: float) -> str:
    """Returns an amount of memory: "1.9 GB"."""
    return f"{megabytes / _KB:.1f} GB" if megabytes >= _KB else f"{megabytes:.0f} MB"


def plural(count: int, noun: str) -> str:
    """Returns "1 task", "2 tasks"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def score(value: float | None) -> str:
    """Returns a score with two decimals; a dash for none."""
    return "\u2013" if value is None else f"{value:.2f}"
