"""Connections and transactions.

SQLite (WAL, ``synchronous=FULL``) in the workspace folder by default, PostgreSQL where ``GENLAB_DATABASE_URL`` names
one. Every write holds the database's one write lock from its first statement (``BEGIN IMMEDIATE``; an advisory lock
on PostgreSQL), so what a transaction reads stays true until it commits: run numbers, model versions and free slots are
given out that way. Measured in ``reference/reliability.md`` F20: a durable commit takes 0.3 ms.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, inspect, make_url, select, text, update
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from genlab_widgets.database import _explanations
from genlab_widgets.database._tables import metadata, schema_version
from genlab_widgets.database._upgrades import SCHEMA_VERSION, upgrade
from genlab_widgets.errors import WorkspaceUnusable, WrongParameters

FILE = "genlab.db"
BUSY_SECONDS = 30
"""How long a statement waits for another process's transaction; ours take milliseconds."""
HOLD_SECONDS = 60
"""PostgreSQL ends a transaction that does nothing for so long: a machine that went to sleep must not hold up a team."""
CONNECT_SECONDS = 10
"""How long a server may take to answer; libpq alone would wait for minutes."""
_LOCK = 0x67656E6C
"""Key of PostgreSQL's advisory lock that stands for SQLite's write lock ("genl")."""
_LIMITS = text(
    "SELECT set_config('lock_timeout', :busy, true), set_config('idle_in_transaction_session_timeout', :hold, true)"
)
_CONNECTION = {
    "application_name": "genlab",
    "client_encoding": "utf8",  # a cluster made without a locale has none, and psycopg then returns bytes
    "connect_timeout": CONNECT_SECONDS,
    "tcp_user_timeout": BUSY_SECONDS * 1000,  # notices within that time that the server's machine is gone
}
"""What libpq is told, unless the address says otherwise."""


class Database:
    """Connections to one workspace's database.

    Args:
        home: The workspace folder; made if it is not there.
        url: SQLAlchemy URL; None is SQLite in ``home``.

    Raises:
        WorkspaceUnusable: The folder or the database cannot be used.
        WrongParameters: ``url`` is no URL of a database that is installed.
    """

    def __init__(self, home: Path, url: str | None = None) -> None:
        self.place = home / FILE
        self.url = url
        try:
            home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _folder_unusable(home, error) from error
        self.engine = _engine(url or URL.create("sqlite", database=str(self.place)))  # "?" may be in a folder's name
        self.on_one_machine = self.engine.dialect.name == "sqlite"
        self._prepare()

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """Gives a connection whose statements see one state of the database."""
        with self._explained(), self.engine.connect() as connection:
            if not self.on_one_machine:
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """Gives the one transaction that may write now; commits at the end, rolls back on an exception."""
        with self._explained(), self.engine.connect() as plain:
            connection = plain.execution_options(genlab_writes=True)
            with connection.begin():
                if not self.on_one_machine:
                    _take_lock(connection)
                yield connection

    def close(self) -> None:
        """Closes idle connections."""
        self.engine.dispose()

    def _prepare(self) -> None:
        """Makes the tables on first use and refuses a database that a newer version of the package made."""
        with self.read() as connection:
            version = _version(connection)
        if version is None:
            with self.write() as connection:
                version = _version(connection) or _make_tables(connection)
        if version < SCHEMA_VERSION:
            with self.write() as connection:
                upgrade(connection, connection.scalar(select(schema_version.c.version)) or 1)
                connection.execute(update(schema_version).values(version=SCHEMA_VERSION))
        if version > SCHEMA_VERSION:
            raise WorkspaceUnusable(
                "The workspace was made by a newer version of genlab-widgets.",
                f"Its database has version {version}, this package knows {SCHEMA_VERSION}.",
                "Update genlab-widgets, or set GENLAB_HOME to another folder.",
            )

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turns the driver's errors into sentences; broken rules of our own tables stay as they are."""
        try:
            yield
        except IntegrityError:
            raise
        except NoConnectionFree as error:
            raise _explanations.no_connection_free() from error
        except DBAPIError as error:
            if self.on_one_machine:
                raise _explanations.sqlite(error, self.place, BUSY_SECONDS) from error
            raise _explanations.postgresql(error, BUSY_SECONDS) from error


def now() -> datetime:
    """Returns the time in UTC."""
    return datetime.now(UTC)


def _engine(place: str | URL) -> Engine:
    try:
        url = make_url(place)
        if url.drivername in ("postgres", "postgresql"):
            url = url.set(drivername="postgresql+psycopg")  # the driver that the extra installs
        if url.get_backend_name() == "sqlite":
            return _sqlite_engine(url)
        if url.get_backend_name() == "postgresql":
            return _postgresql_engine(url)
        why = f"{url.get_backend_name()} is neither postgresql nor sqlite"
    except ValueError as error:
        raise _wrong_url("Its port is no number") from error
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise _wrong_url(str(error).splitlines()[0].rstrip(".")) from error
    raise _wrong_url(why)


def _postgresql_engine(url: URL) -> Engine:
    told = {name: value for name, value in _CONNECTION.items() if name not in url.query}
    # Every write sees what was committed before it got the lock, whatever the server's default is.
    return create_engine(url, pool_pre_ping=True, isolation_level="READ COMMITTED", connect_args=told)


def _sqlite_engine(url: URL) -> Engine:
    engine = create_engine(url)
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _version(connection: Connection) -> int | None:
    """Returns the version of the tables; None if there are none yet."""
    there = inspect(connection).has_table(schema_version.name)
    return connection.scalar(select(schema_version.c.version)) if there else None


def _make_tables(connection: Connection) -> int:
    """Makes the tables and returns their version."""
    found = inspect(connection)
    taken = [name for name in metadata.tables if found.has_table(name)]
    if taken:
        raise _explanations.foreign_tables(taken)
    metadata.create_all(connection)
    connection.execute(insert(schema_version).values(version=SCHEMA_VERSION))
    return SCHEMA_VERSION


def _take_lock(connection: Connection) -> None:
    """Takes the write lock of a PostgreSQL database until the transaction ends."""
    connection.execute(_LIMITS, {"busy": f"{BUSY_SECONDS * 1000:.0f}", "hold": f"{HOLD_SECONDS * 1000:.0f}"})
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _on_connect(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # the driver shall begin nothing by itself: _on_begin does
    for pragma in (f"busy_timeout={BUSY_SECONDS * 1000}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _on_begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("genlab_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _folder_unusable(folder: Path, error: OSError) -> WorkspaceUnusable:
    return WorkspaceUnusable(
        f"The workspace folder {folder} cannot be used.",
        f"The system says: {error.strerror or error}.",
        "Set GENLAB_HOME to a folder that you may write.",
        path=str(folder),
    )


def _wrong_url(why: str) -> WrongParameters:
    return WrongParameters(
        "GENLAB_DATABASE_URL cannot be used.",
        f"{why}.",
        "Give postgresql://user@server/database (pip install 'genlab-widgets[postgresql]'), or leave it unset.",
    )
