from __future__ import annotations

import os
import sqlite3
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError

from genlab_widgets import database as schema
from genlab_widgets.database import FILE, SCHEMA_VERSION, Database, now
from genlab_widgets.errors import NotEnoughResources, WorkspaceUnusable, WrongParameters

DEPLOYMENT = {
    "model": "m",
    "project": "p",
    "project_place": "p",
    "user": "anna",
    "at": datetime(2024, 5, 1, 12, tzinfo=UTC),
    "before": "",
    "after": "",
}


def deployments(database: Database) -> int:
    with database.read() as connection:
        return len(connection.execute(select(schema.deployments.c.row)).all())


def test_a_new_workspace_is_made_with_its_tables_and_survives_power_loss(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    database = Database(home)

    with database.read() as connection:
        assert connection.scalar(select(schema.schema_version.c.version)) == SCHEMA_VERSION
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA synchronous")) == 2  # FULL
        assert connection.scalar(text("PRAGMA busy_timeout")) == 30_000
    assert (home / FILE).is_file()
    assert database.on_one_machine


def test_a_folder_name_may_hold_what_an_address_may_not(tmp_path: Path) -> None:
    home = tmp_path / "50% of {all}? #1 ü"
    Database(home).close()

    assert (home / FILE).is_file()
    assert [path.name for path in tmp_path.iterdir()] == [home.name]


def test_what_is_written_is_there_for_another_connection(home: Path) -> None:
    with Database(home).write() as connection:
        connection.execute(insert(schema.deployments).values(**DEPLOYMENT))

    assert deployments(Database(home)) == 1


def test_an_exception_undoes_the_whole_transaction(home: Path) -> None:
    database = Database(home)

    with pytest.raises(ZeroDivisionError), database.write() as connection:
        connection.execute(insert(schema.deployments).values(**DEPLOYMENT))
        1 / 0  # noqa: B018

    assert deployments(database) == 0


def test_a_broken_rule_of_a_table_stays_what_it_is(home: Path) -> None:
    database = Database(home)

    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(insert(schema.deployments).values(**{**DEPLOYMENT, "model": None}))


def test_what_a_write_transaction_reads_stays_true(home: Path) -> None:
    """Ten threads count up one number: none is lost, as each holds the write lock from its first statement."""
    database = Database(home)
    with database.write() as connection:
        connection.execute(insert(schema.deployments).values(**{**DEPLOYMENT, "before": "0"}))

    def count_up() -> None:
        for _ in range(10):
            with database.write() as connection:
                number = int(str(connection.scalar(select(schema.deployments.c.before))))
                connection.execute(update(schema.deployments).values(before=str(number + 1)))

    threads = [threading.Thread(target=count_up) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as connection:
        assert connection.scalar(select(schema.deployments.c.before)) == "100"


def test_times_come_back_in_utc_whatever_zone_they_had(home: Path) -> None:
    database = Database(home)
    given = datetime(2024, 5, 1, 14, 30, tzinfo=timezone(timedelta(hours=2)))
    with database.write() as connection:
        connection.execute(insert(schema.deployments).values(**{**DEPLOYMENT, "at": given}))

    with database.read() as connection:
        at, undone_at = connection.execute(select(schema.deployments.c.at, schema.deployments.c.undone_at)).one()
    assert at == given
    assert at.tzinfo is UTC
    assert undone_at is None
    assert now().tzinfo is UTC


def test_a_newer_workspace_is_refused(home: Path) -> None:
    with Database(home).write() as connection:
        connection.execute(update(schema.schema_version).values(version=SCHEMA_VERSION + 1))

    with pytest.raises(WorkspaceUnusable, match="newer version"):
        Database(home)


@pytest.mark.parametrize(
    "content", [b"not a database at all, but long enough to look at" * 100, b"SQLite format 3\0" * 300]
)
def test_a_damaged_database_says_how_to_go_on(home: Path, content: bytes) -> None:
    (home / FILE).write_bytes(content)

    with pytest.raises(WorkspaceUnusable, match="Move .*genlab.db away"):
        Database(home)
    assert (home / FILE).read_bytes() == content


def test_a_home_that_is_a_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(WorkspaceUnusable, match="GENLAB_HOME"):
        Database(tmp_path / "file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_home_says_so(home: Path) -> None:
    home.chmod(0o500)
    try:
        with pytest.raises(WorkspaceUnusable, match="GENLAB_HOME"):
            Database(home)
    finally:
        home.chmod(0o700)


def test_a_full_disk_says_so(home: Path) -> None:
    database = Database(home)
    with pytest.raises(NotEnoughResources, match="full"), database.write() as connection:
        pages = connection.scalar(text("PRAGMA page_count"))
        connection.execute(text(f"PRAGMA max_page_count={pages}"))
        connection.execute(insert(schema.deployments).values(**{**DEPLOYMENT, "after": "x" * 1_000_000}))
    database.close()

    assert deployments(Database(home)) == 0


def test_a_database_that_another_process_holds_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "BUSY_SECONDS", 0.1)
    database = Database(home)
    holder = sqlite3.connect(home / FILE, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    with pytest.raises(WorkspaceUnusable, match="Another process"), database.write():
        pass

    assert deployments(database) == 0  # reading goes on meanwhile
    holder.close()


@pytest.mark.parametrize("url", ["nonsense", "oracle9://host/x", "postgresql"])
def test_an_address_that_is_none_is_a_wrong_parameter(home: Path, url: str) -> None:
    with pytest.raises(WrongParameters, match="GENLAB_DATABASE_URL"):
        Database(home, url)
