"""The tables, and the types of their columns that SQLite and PostgreSQL treat alike."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
)
from sqlalchemy.types import TypeDecorator


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


class Words(TypeDecorator[str]):
    """A text of any length that can always be stored.

    PostgreSQL takes no NUL, and neither database takes half a surrogate pair; both stand in messages that quote what a
    library or a script said. They become U+FFFD, so that a training's end can be written down whatever it says.
    """

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Replaces what no database stores."""
        if value is None:
            return None
        return value.replace("\0", "\ufffd").encode("utf-8", "surrogatepass").decode("utf-8", "replace")


metadata = MetaData()

schema_version = Table("schema_version", metadata, Column("version", Integer, primary_key=True))

runs = Table(
    "runs",
    metadata,
    Column("row", Integer, primary_key=True, autoincrement=True),
    Column("id", Words, nullable=False, unique=True),
    Column("project", Words, nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", Words, nullable=False),
    Column("source", Words, nullable=False),
    Column("status", Words, nullable=False),
    Column("reason", Words),
    Column("message", Words, nullable=False, default=""),
    Column("next_step", Words, nullable=False, default=""),
    Column("user", Words, nullable=False),
    Column("spec", JSON, nullable=False),
    Column("key", Words, unique=True),
    Column("group", Words),
    Column("memory_mb", Float, nullable=False, default=0.0),
    Column("host", Words),
    Column("home", Words),
    Column("pid", Integer),
    Column("pid_created", Float),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("ended_at", Moment),
    Column("stop_asked_at", Moment),
    Column("f1", Float),
    Column("model", Words),
    Index("runs_by_project", "project", "number", unique=True),
    Index("runs_by_status", "status"),
    Index("runs_by_time", "created_at"),
)

models = Table(
    "models",
    metadata,
    Column("row", Integer, primary_key=True, autoincrement=True),
    Column("name", Words, nullable=False, unique=True),
    Column("base", Words, nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", Words, nullable=False),
    Column("source", Words, nullable=False),
    Column("project", Words, nullable=False),
    Column("project_place", Words, nullable=False),
    Column("run_id", Words, nullable=False, unique=True),
    Column("user", Words, nullable=False),
    Column("labels", JSON, nullable=False),
    Column("scores", JSON, nullable=False),
    Column("language", Words, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index("models_by_base", "base", "version", unique=True),
)

deployments = Table(
    "deployments",
    metadata,
    Column("row", Integer, primary_key=True, autoincrement=True),
    Column("model", Words, nullable=False),
    Column("project", Words, nullable=False),
    Column("project_place", Words, nullable=False),
    Column("user", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("before", Words, nullable=False),
    Column("after", Words, nullable=False),
    Column("undone", Boolean, nullable=False, default=False),
    Column("undone_at", Moment),
    Column("undone_by", Words),
    Index("deployments_by_model", "model"),
)
