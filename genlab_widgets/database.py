"""The workspace's database: tables, transactions and the version of the schema.

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

from sqlalchemy import (
    JSON,
    URL,
    Boolean,
    Column,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    insert,
    inspect,
    make_url,
    select,
    text,
    update,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError
from sqlalchemy.types import TypeDecorator

from genlab_widgets.errors import GenlabError, NotEnoughResources, WorkspaceUnusable, WrongParameters

SCHEMA_VERSION = 2
FILE = "genlab.db"
_UPGRADES = {2: ('ALTER TABLE runs ADD COLUMN "group" VARCHAR(120)',)}
"""Statements that lead to each version of the schema."""
BUSY_SECONDS = 30
"""How long a statement waits for another process's transaction; ours take milliseconds."""
_LOCK = 0x67656E6C
"""Key of PostgreSQL's advisory lock that stands for SQLite's write lock ("genl")."""


class Moment(TypeDecorator[datetime]):
    """A time in UTC; SQLite keeps no time zone, so it is put back when read."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Stores UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Returns an aware time in UTC."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


metadata = MetaData()

schema_version = Table("schema_version", metadata, Column("version", Integer, primary_key=True))

runs = Table(
    "runs",
    metadata,
    Column("row", Integer, primary_key=True, autoincrement=True),
    Column("id", String(120), nullable=False, unique=True),
    Column("project", String(80), nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("source", String(20), nullable=False),
    Column("status", String(12), nullable=False),
    Column("reason", String(40)),
    Column("message", Text, nullable=False, default=""),
    Column("next_step", Text, nullable=False, default=""),
    Column("user", String(120), nullable=False),
    Column("spec", JSON, nullable=False),
    Column("key", String(200), unique=True),
    Column("group", String(120)),
    Column("memory_mb", Float, nullable=False, default=0.0),
    Column("host", String(255)),
    Column("pid", Integer),
    Column("pid_created", Float),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("ended_at", Moment),
    Column("stop_asked_at", Moment),
    Column("f1", Float),
    Column("model", String(200)),
    Index("runs_by_project", "project", "number", unique=True),
    Index("runs_by_status", "status"),
    Index("runs_by_time", "created_at"),
)

models = Table(
    "models",
    metadata,
    Column("row", Integer, primary_key=True, autoincrement=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("base", String(200), nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("source", String(20), nullable=False),
    Column("project", String(80), nullable=False),
    Column("project_place", Text, nullable=False),
    Column("run_id", String(120), nullable=False, unique=True),
    Column("user", String(120), nullable=False),
    Column("labels", JSON, nullable=False),
    Column("scores", JSON, nullable=False),
    Column("language", String(20), nullable=False),
    Column("size", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index("models_by_base", "base", "version", unique=True),
)

deployments = Table(
    "deployments",
    metadata,
    Column("row", Integer, primary_key=True, autoincrement=True),
    Column("model", String(200), nullable=False),
    Column("project", String(80), nullable=False),
    Column("project_place", Text, nullable=False),
    Column("user", String(120), nullable=False),
    Column("at", Moment, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("undone", Boolean, nullable=False, default=False),
    Column("undone_at", Moment),
    Column("undone_by", String(120)),
    Index("deployments_by_model", "model"),
)


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
        with self._explained(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """Gives the one transaction that may write now; commits at the end, rolls back on an exception."""
        with self._explained(), self.engine.connect() as plain:
            connection = plain.execution_options(genlab_writes=True)
            with connection.begin():
                if not self.on_one_machine:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
                yield connection

    def close(self) -> None:
        """Closes idle connections."""
        self.engine.dispose()

    def _prepare(self) -> None:
        """Makes the tables on first use and refuses a database that a newer version of the package made."""
        with self.read() as connection:
            there = inspect(connection).has_table(schema_version.name)
            version = connection.scalar(select(schema_version.c.version)) if there else None
        if version is None:
            with self.write() as connection:
                metadata.create_all(connection)
                version = connection.scalar(select(schema_version.c.version))
                if version is None:
                    connection.execute(insert(schema_version).values(version=SCHEMA_VERSION))
                    version = SCHEMA_VERSION
        if version < SCHEMA_VERSION:
            self._upgrade()
        if version > SCHEMA_VERSION:
            raise WorkspaceUnusable(
                "The workspace was made by a newer version of genlab-widgets.",
                f"Its database has version {version}, this package knows {SCHEMA_VERSION}.",
                "Update genlab-widgets, or set GENLAB_HOME to another folder.",
            )

    def _upgrade(self) -> None:
        """Brings tables of an older version up to date, one version after the other."""
        with self.write() as connection:
            version = connection.scalar(select(schema_version.c.version)) or 1
            for number in range(version + 1, SCHEMA_VERSION + 1):
                for statement in _UPGRADES[number]:
                    connection.execute(text(statement))
            connection.execute(update(schema_version).values(version=SCHEMA_VERSION))

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turns the driver's errors into sentences; broken rules of our own tables stay as they are."""
        try:
            yield
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise self._explain(error) from error

    def _explain(self, error: DBAPIError) -> GenlabError:
        told = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
        what = "The workspace's database cannot be used."
        if "malformed" in told or "not a database" in told:
            step = f"Move {self.place} away and open the workspace again: finished runs are found from their folders."
            return WorkspaceUnusable(what, f"The file {self.place} is damaged ({told}).", step, path=str(self.place))
        if "disk is full" in told or "disk I/O" in told:
            return NotEnoughResources(what, f"The system says: {told}.", "Free some space, then try again.")
        if "locked" in told:
            why = f"Another process has held it for {BUSY_SECONDS} s."
            return WorkspaceUnusable(what, why, "End that process or try again in a moment.", path=str(self.place))
        place = str(self.place) if self.on_one_machine else "GENLAB_DATABASE_URL"
        step = "Give write permission, or set GENLAB_HOME to a folder that you may write."
        if not self.on_one_machine:
            step = "Check GENLAB_DATABASE_URL and that the server runs."
        return WorkspaceUnusable(what, f"{place}: {told}.", step, path=place)


def now() -> datetime:
    """Returns the time in UTC."""
    return datetime.now(UTC)


def _engine(place: str | URL) -> Engine:
    try:
        url = make_url(place)
        if url.drivername in ("postgres", "postgresql"):
            url = url.set(drivername="postgresql+psycopg")  # the driver that the extra installs
        engine = create_engine(url, pool_pre_ping=not url.drivername.startswith("sqlite"))
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise WrongParameters(
            "GENLAB_DATABASE_URL cannot be used.",
            f"{str(error).splitlines()[0].rstrip('.')}.",
            "Give postgresql://user@server/database (pip install 'genlab-widgets[postgresql]'), or leave it unset.",
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)
    return engine


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
