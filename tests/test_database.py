from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from genlab_widgets import database as schema
from genlab_widgets.database import FILE, SCHEMA_VERSION, Database, _database, now
from genlab_widgets.errors import DatabaseUnreachable, NotEnoughResources, WorkspaceUnusable, WrongParameters
from tests import postgresql

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


def test_what_is_written_is_there_for_another_connection(home: Path, database_url: str | None) -> None:
    with Database(home, database_url).write() as connection:
        connection.execute(insert(schema.deployments).values(**DEPLOYMENT))

    assert deployments(Database(home, database_url)) == 1


def test_an_exception_undoes_the_whole_transaction(home: Path, database_url: str | None) -> None:
    database = Database(home, database_url)

    with pytest.raises(ZeroDivisionError), database.write() as connection:
        connection.execute(insert(schema.deployments).values(**DEPLOYMENT))
        1 / 0  # noqa: B018

    assert deployments(database) == 0


def test_a_broken_rule_of_a_table_stays_what_it_is(home: Path, database_url: str | None) -> None:
    database = Database(home, database_url)

    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(insert(schema.deployments).values(**{**DEPLOYMENT, "model": None}))


def test_what_a_write_transaction_reads_stays_true(home: Path, database_url: str | None) -> None:
    """Ten threads count up one number: none is lost, as each holds the write lock from its first statement."""
    database = Database(home, database_url)
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


def test_times_come_back_in_utc_whatever_zone_they_had(home: Path, database_url: str | None) -> None:
    database = Database(home, database_url)
    given = datetime(2024, 5, 1, 14, 30, tzinfo=timezone(timedelta(hours=2)))
    with database.write() as connection:
        connection.execute(insert(schema.deployments).values(**{**DEPLOYMENT, "at": given}))

    with database.read() as connection:
        at, undone_at = connection.execute(select(schema.deployments.c.at, schema.deployments.c.undone_at)).one()
    assert at == given
    assert at.tzinfo is UTC
    assert undone_at is None
    assert now().tzinfo is UTC


def test_a_reader_sees_one_state_while_others_write(home: Path, database_url: str | None) -> None:
    reader, writer = Database(home, database_url), Database(home, database_url)

    with reader.read() as connection:
        assert connection.scalar(select(func.count()).select_from(schema.deployments)) == 0
        with writer.write() as writing:
            writing.execute(insert(schema.deployments).values(**DEPLOYMENT))
        assert connection.scalar(select(func.count()).select_from(schema.deployments)) == 0

    assert deployments(reader) == 1


def test_what_a_library_or_a_script_said_can_be_stored(home: Path, database_url: str | None) -> None:
    database = Database(home, database_url)
    said = "NUL \0, half a pair \ud800, a whole one \U0001f48a, and " + "long " * 1_000
    with database.write() as connection:
        connection.execute(insert(schema.deployments).values(**{**DEPLOYMENT, "model": said, "before": said}))

    with database.read() as connection:
        model, before = connection.execute(select(schema.deployments.c.model, schema.deployments.c.before)).one()
    assert model == before
    assert model.startswith("NUL \ufffd, half a pair \ufffd")
    assert model[-5_000:] == said[-5_000:]


def test_many_who_open_a_new_database_at_once_make_it_once(home: Path, database_url: str | None) -> None:
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _: Database(home, database_url), range(8)))

    with opened[0].read() as connection:
        assert connection.scalars(select(schema.schema_version.c.version)).all() == [SCHEMA_VERSION]


def test_tables_of_the_first_version_are_brought_up_to_date(home: Path, database_url: str | None) -> None:
    database = Database(home, database_url)
    with database.write() as connection:
        for column in ('"group"', "home"):
            connection.execute(text(f"ALTER TABLE runs DROP COLUMN {column}"))
        if database_url is not None:
            connection.execute(text("ALTER TABLE models ALTER COLUMN size TYPE INTEGER"))
            connection.execute(text('ALTER TABLE models ALTER COLUMN "user" TYPE VARCHAR(120)'))
        connection.execute(update(schema.schema_version).values(version=1))
        connection.execute(insert(schema.deployments).values(**DEPLOYMENT))
    database.close()

    with ThreadPoolExecutor(4) as pool:
        *_, database = pool.map(lambda _: Database(home, database_url), range(4))

    model = {
        "name": "m", "base": "m", "version": 1, "kind": "ner", "source": "manual", "project": "p", "project_place": "p",
        "run_id": "p-0001", "user": "u" * 200, "labels": [], "scores": {}, "language": "en", "size": 3 << 30,
        "created_at": now(),
    }  # fmt: skip
    with database.write() as connection:
        assert connection.scalar(select(schema.schema_version.c.version)) == SCHEMA_VERSION
        assert connection.execute(select(schema.runs.c.group, schema.runs.c.home)).all() == []
        connection.execute(insert(schema.models).values(**model))
        assert connection.scalar(select(schema.models.c.size)) == 3 << 30
    assert deployments(database) == 1


def test_a_newer_workspace_is_refused(home: Path, database_url: str | None) -> None:
    with Database(home, database_url).write() as connection:
        connection.execute(update(schema.schema_version).values(version=SCHEMA_VERSION + 1))

    with pytest.raises(WorkspaceUnusable, match="newer version"):
        Database(home, database_url)


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


def test_a_database_that_another_process_holds_says_so(
    home: Path, database_url: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_database, "BUSY_SECONDS", 0.1)
    database, other = Database(home, database_url), Database(home, database_url)
    with other.write(), pytest.raises(WorkspaceUnusable, match="Another process"), database.write():
        pass

    with other.write():
        assert deployments(database) == 0  # reading goes on meanwhile


@pytest.mark.parametrize(
    "url",
    ["nonsense", "oracle9://host/x", "postgresql", "postgresql://u:secret@host:port/x", "mysql://u:secret@host/x"],
)
def test_an_address_that_is_none_is_a_wrong_parameter(home: Path, url: str) -> None:
    with pytest.raises(WrongParameters, match="GENLAB_DATABASE_URL") as caught:
        Database(home, url)
    assert "secret" not in str(caught.value)


def test_a_server_that_is_away_says_so_and_works_again_when_it_is_back(
    home: Path, server: postgresql.Server, team_database: str
) -> None:
    database = Database(home, team_database)
    with database.write() as connection:
        connection.execute(insert(schema.deployments).values(**DEPLOYMENT))
    server.stop()
    try:
        for use in (database.read, database.write, lambda: Database(home, team_database).read()):
            with pytest.raises(DatabaseUnreachable, match="Check GENLAB_DATABASE_URL and that the server runs"), use():
                pass
    finally:
        server.start()

    assert deployments(database) == 1


def test_a_connection_that_is_cut_in_a_transaction_undoes_it(home: Path, team_database: str) -> None:
    database, other = Database(home, team_database), Database(home, team_database)

    with pytest.raises(DatabaseUnreachable), database.write() as connection, connection.begin_nested():
        connection.execute(insert(schema.deployments).values(**DEPLOYMENT))
        with other.read() as killer:
            killer.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid_of(connection)})
        connection.execute(insert(schema.deployments).values(**DEPLOYMENT))

    assert deployments(database) == 0


def test_a_writer_that_fell_asleep_loses_the_lock(
    home: Path, team_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_database, "HOLD_SECONDS", 0.2)
    asleep, other = Database(home, team_database), Database(home, team_database)

    with pytest.raises(DatabaseUnreachable), asleep.write() as connection:
        connection.execute(insert(schema.deployments).values(**DEPLOYMENT))
        with other.write() as writing:  # waits until the server has ended the other
            writing.execute(insert(schema.deployments).values(**DEPLOYMENT))
        connection.execute(insert(schema.deployments).values(**DEPLOYMENT))

    assert deployments(asleep) == 1


def test_a_database_of_another_program_or_of_another_owner_says_so(home: Path, server: postgresql.Server) -> None:
    taken = server.new_database()
    with _database._engine(taken).begin() as connection:
        connection.execute(text("CREATE TABLE runs (run_uuid VARCHAR)"))
        connection.execute(text("CREATE ROLE guest LOGIN"))

    with pytest.raises(WorkspaceUnusable, match=r"\(runs\).* a database of its own"):
        Database(home, taken)
    with pytest.raises(WorkspaceUnusable, match="createdb --owner"):
        Database(home, server.new_database().replace(f"//{postgresql.USER}@", "//guest@"))
    with pytest.raises(WorkspaceUnusable, match="nowhere"):
        Database(home, server.url("nowhere"))


def test_a_database_of_any_encoding_gives_texts_and_refuses_what_it_lacks(
    home: Path, server: postgresql.Server
) -> None:
    plain = server.new_database("--encoding=SQL_ASCII", "--template=template0")
    latin = server.new_database("--encoding=LATIN1", "--template=template0")
    for url in (plain, latin):
        with Database(home, url).write() as connection:
            connection.execute(insert(schema.deployments).values(**{**DEPLOYMENT, "model": "Zürich"}))
            assert connection.scalar(select(schema.deployments.c.model)) == "Zürich"

    with pytest.raises(WrongParameters, match="UTF8"), Database(home, latin).write() as connection:
        connection.execute(insert(schema.deployments).values(**{**DEPLOYMENT, "model": "薬"}))


def pid_of(connection: Connection) -> int:
    """Returns the server's process of a connection."""
    return int(str(connection.scalar(text("SELECT pg_backend_pid()"))))
