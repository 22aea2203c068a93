"""What a database's own errors mean for the user: what happened, why, and what to do next."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from genlab_widgets.errors import (
    DatabaseUnreachable,
    GenlabError,
    NotEnoughResources,
    WorkspaceUnusable,
    WrongParameters,
)

WHAT = "The workspace's database cannot be used."
AGAIN = "End that process or try again in a moment."
SETTING = "GENLAB_DATABASE_URL"

_NEXT_STEPS = {
    "22P05": "Make the database with ENCODING 'UTF8': it then takes every character.",
    "25006": f"It can only be read: name the primary server in {SETTING}.",
    "42501": "Let the user own the database (createdb --owner USER DATABASE), or grant CREATE on its schema.",
    "54000": "Give a shorter name or key.",
    "53300": "Try again in a moment, or raise max_connections of the server.",
}
"""By SQLSTATE, where it is not the server's address that has to be looked at."""
_AWAY = ("08", "57P", "25P03")
"""SQLSTATEs of a connection that the server ended; one that never came about has none."""


def sqlite(error: DBAPIError, place: Path, busy_seconds: float) -> GenlabError:
    """Explains an error of SQLite.

    Args:
        error: What SQLAlchemy raised.
        place: The database's file.
        busy_seconds: How long the statement waited for another process.
    """
    told = _told(error)
    path = str(place)
    if "malformed" in told or "not a database" in told:
        step = f"Move {place} away and open the workspace again: finished runs are found from their folders."
        return WorkspaceUnusable(WHAT, f"The file {place} is damaged ({told}).", step, path=path)
    if "disk is full" in told or "disk I/O" in told:
        return NotEnoughResources(WHAT, f"The system says: {told}.", "Free some space, then try again.")
    if "locked" in told:
        return WorkspaceUnusable(WHAT, _held(busy_seconds), AGAIN, path=path)
    step = "Give write permission, or set GENLAB_HOME to a folder that you may write."
    return WorkspaceUnusable(WHAT, f"{place}: {told}.", step, path=path)


def postgresql(error: DBAPIError, busy_seconds: float) -> GenlabError:
    """Explains an error of PostgreSQL by its SQLSTATE: its sentences come in the server's language."""
    told = _told(error)
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if state == "55P03":
        return WorkspaceUnusable(WHAT, _held(busy_seconds), AGAIN, path=SETTING)
    if state.startswith("53") and state not in _NEXT_STEPS:
        return NotEnoughResources(WHAT, f"The server says: {told}.", "Free some space or memory on it, then try again.")
    if state.startswith(("22", "54")):
        step = _NEXT_STEPS.get(state, "Change the value that it means.")
        return WrongParameters("The workspace's database cannot store this.", f"The server says: {told}.", step)
    step = _NEXT_STEPS.get(state, f"Check {SETTING} and that the server runs.")
    away = state.startswith(_AWAY) or (not state and isinstance(error, OperationalError | InterfaceError))
    kind = DatabaseUnreachable if away else WorkspaceUnusable
    return kind(WHAT, f"{SETTING}: {told}.", step, path=SETTING)


def no_connection_free() -> GenlabError:
    """Explains that this process has as many connections in use as it may have."""
    return WorkspaceUnusable(WHAT, "All connections of this process are in use.", "Try again in a moment.")


def foreign_tables(names: list[str]) -> GenlabError:
    """Explains that another program has tables of our names, as MLflow has ``runs``."""
    why = f"It has tables of the same name that genlab did not make ({', '.join(names)})."
    return WorkspaceUnusable(WHAT, why, f"Give genlab a database of its own in {SETTING}.")


def _held(seconds: float) -> str:
    return f"Another process has held it for {seconds} s."


def _told(error: DBAPIError) -> str:
    lines = str(error.orig).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error.orig).__name__
