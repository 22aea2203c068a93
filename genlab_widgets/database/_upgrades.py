"""What leads an older database to the present version, one version after the other."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, Dialect, text

from genlab_widgets.database._tables import Words, metadata

SCHEMA_VERSION = 3


def upgrade(connection: Connection, version: int) -> None:
    """Brings tables of an older version up to date.

    Args:
        connection: A write transaction.
        version: What the tables are now.
    """
    for number in range(version + 1, SCHEMA_VERSION + 1):
        for statement in _statements(number, connection.dialect):
            connection.execute(text(statement))


def _statements(version: int, dialect: Dialect) -> Iterator[str]:
    """Yields the statements that lead from the version before to this one."""
    if version == 2:
        yield 'ALTER TABLE runs ADD COLUMN "group" VARCHAR'
    if version == 3:
        yield "ALTER TABLE runs ADD COLUMN home VARCHAR"
        if dialect.name == "postgresql":  # SQLite holds no column to its length
            yield "ALTER TABLE models ALTER COLUMN size TYPE BIGINT"
            for table in metadata.sorted_tables:
                for column in table.columns:
                    if isinstance(column.type, Words):
                        name = dialect.identifier_preparer.quote(column.name)
                        yield f"ALTER TABLE {table.name} ALTER COLUMN {name} TYPE VARCHAR"
