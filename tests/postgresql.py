"""A PostgreSQL server of the tests' own: a cluster in a scratch folder, reached by a socket in it.

Nothing listens on a port and no password is needed: who may enter the folder may connect.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

USER = "genlab"
MISSING = "PostgreSQL is not installed: the tests of a team's database need it (Debian: apt-get install postgresql)."
_SETTINGS = "-c listen_addresses='' -c fsync=off -c full_page_writes=off"
"""The cluster lives for one session of tests: nothing has to survive a power cut."""


def programs() -> Path | None:
    """Returns the folder of PostgreSQL's server programs; Debian keeps them off PATH, one folder a version."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    return debian[-1].parent if debian else None


class Server:
    """A cluster in a scratch folder; ``start`` it, and ``remove`` it at the end."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="genlab-pg-"))  # short: a socket's path has 107 bytes at most
        self._numbers = itertools.count(1)
        self._account = _unprivileged() if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
        if self._account is not None:
            os.chown(self.folder, self._account.pw_uid, self._account.pw_gid)
        arguments = ("--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", f"--username={USER}")
        self._run("initdb", "--pgdata", self._data, *arguments)

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def start(self) -> None:
        """Starts the server and waits until it answers."""
        log = str(self.folder / "log")
        options = f"-k {self.folder} {_SETTINGS}"
        self._run("pg_ctl", "--pgdata", self._data, "--wait", "--log", log, "--options", options, "start")

    def stop(self) -> None:
        """Ends the server and every connection at once, as a crash does."""
        self._run("pg_ctl", "--pgdata", self._data, "--wait", "--mode", "immediate", "stop")

    def url(self, database: str) -> str:
        """Returns the address of a database, as ``GENLAB_DATABASE_URL`` takes it."""
        return f"postgresql://{USER}@/{database}?host={self.folder}"

    def new_schema(self) -> str:
        """Makes an empty schema in the server's first database and returns its address: much less work than a database."""
        import psycopg

        name = f"genlab_{next(self._numbers)}"
        with psycopg.connect(dbname="postgres", user=USER, host=str(self.folder)) as connection:
            connection.execute(f"CREATE SCHEMA {name}".encode())
        return f"{self.url('postgres')}&options=-csearch_path%3D{name}"

    def new_database(self, *options: str) -> str:
        """Makes an empty database and returns its address."""
        name = f"genlab_{next(self._numbers)}"
        self._run("createdb", "--host", str(self.folder), "--username", USER, *options, name)
        return self.url(name)

    def remove(self) -> None:
        """Ends the server and deletes its folder."""
        if (self.folder / "data" / "postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        who: dict[str, Any] = {}
        if self._account is not None:
            who = {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}
        # Not a pipe: the server would inherit it and keep it open.
        with (self.folder / "out").open("w+", encoding="utf-8") as out:
            command = [str(self._programs / program), *arguments]
            done = subprocess.run(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out, **who)
            out.seek(0)
            assert done.returncode == 0, out.read()


def _unprivileged() -> pwd.struct_passwd:
    """Returns the account that stands in for root."""
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")
