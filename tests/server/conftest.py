"""A real Jupyter server with the extension, in the test's own process."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from jupyter_server.auth.identity import IdentityProvider, User
from pytest_jupyter.jupyter_server import *  # noqa: F403 - for these tests only: as a plugin it closes the browser tests' loop
from tornado.httpclient import HTTPClientError

from genlab_widgets.server import PREFIX, handler
from tests.samples import imported, write_export


class Reply(NamedTuple):
    """A status, and the JSON that came with it."""

    status: int
    body: Any

    @property
    def error(self) -> dict[str, Any]:
        assert set(self.body) == {"error", "message"}, self.body
        return dict(self.body["error"])


Ask = Callable[..., Awaitable[Reply]]


class NamedPerson(IdentityProvider):
    """Whoever has the token is the person whom the header names: what a hub does with its own login."""

    async def get_user(self, handler: Any) -> User | None:
        found = await self._get_user(handler)
        name = handler.request.headers.get("X-Person")
        return User(username=name) if name and isinstance(found, User) else found


@pytest.fixture
def jp_home_dir(tmp_path: Path) -> Path:
    """Jupyter's home; ``home`` itself is the workspace here as in all tests."""
    folder = tmp_path / "jupyter-home"
    folder.mkdir()
    return folder


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {
        "ServerApp": {
            "jpserver_extensions": {"genlab_widgets.server": True},
            "identity_provider_class": NamedPerson,
            "terminals_enabled": False,
            "allow_unauthenticated_access": False,  # a handler without a check of the login would not even start
        }
    }


@pytest.fixture(autouse=True)
def _forget_workspaces() -> Iterator[None]:
    yield
    for workspace in handler._workspaces.values():
        if "database" in vars(workspace):
            workspace.database.close()
    handler._workspaces.clear()


@pytest.fixture
def export(jp_root_dir: Path) -> Path:
    """An export where the file browser sees it."""
    return write_export(jp_root_dir / "data" / "notes")


@pytest.fixture
def notes(home: Path, tmp_path: Path) -> str:
    """A project with members, imported; its name."""
    return imported(home, write_export(tmp_path / "notes")).name


@pytest.fixture
def ask(home: Path, jp_fetch: Any) -> Ask:
    """Asks a route; ``person`` is who logged in."""

    async def asking(method: str, path: str, body: Any = None, person: str = "", **more: Any) -> Reply:
        headers = dict(more.pop("headers", {}))
        if person:
            headers["X-Person"] = person
        sent = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
        given = {"body": sent} if method == "POST" else {}
        try:
            answer = await jp_fetch(
                *PREFIX.split("/"),
                *path.split("/"),
                method=method,
                headers=headers,
                request_timeout=60,
                **given,
                **more,
            )
        except HTTPClientError as error:
            assert error.response is not None
            answer = error.response
        assert answer.headers["Content-Type"] == "application/json"
        return Reply(answer.code, json.loads(answer.body))

    return asking
