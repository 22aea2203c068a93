"""The one request handler: who asks, what is asked, and the answer as JSON.

There is a single handler for all routes, so that none of them can miss the login, the check of the XSRF cookie or the
form of an error. What blocks (database, files, a training that is stopped) happens in a thread.
"""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import ensure_async, to_os_path
from tornado import web

from genlab_widgets.errors import GenlabError, InternalError, NotAllowed, NotFound, WrongParameters

if TYPE_CHECKING:
    from genlab_widgets.workspace import Workspace

THREADS = 8
_ANONYMOUS = re.compile(r"[0-9a-f]{32}")
"""How Jupyter calls somebody who came in by a token or a password: nobody's name."""
_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="genlab")
_workspaces: dict[str | None, Workspace] = {}


class ApiHandler(APIHandler):
    """Answers every request below :data:`genlab_widgets.server.PREFIX`; ``routes`` has the table."""

    auth_resource = "genlab"

    @web.authenticated
    @authorized
    async def get(self, path: str) -> None:
        """Answers what only looks."""
        await self._serve("GET", path)

    @web.authenticated
    @authorized
    async def post(self, path: str) -> None:
        """Answers what does something."""
        await self._serve("POST", path)

    async def _serve(self, method: str, path: str) -> None:
        user = self._user()
        query = {name: self.get_query_argument(name) for name in self.request.query_arguments}
        key = self.request.headers.get("Idempotency-Key")
        loop = asyncio.get_running_loop()

        def find(place: str) -> Path:
            return asyncio.run_coroutine_threadsafe(file_of(self.contents_manager, place), loop).result()

        def work() -> tuple[int, str]:
            from genlab_widgets.server import routes

            workspace = _workspace(user)
            status, answer = routes.serve(workspace, method, path, query, self.request.body, key=key, find=find)
            return status, routes.as_json(answer)

        try:
            status, text = await loop.run_in_executor(_pool, work)
        except GenlabError as error:
            self._refuse(error)
        except Exception as error:
            self._refuse(self._internal(error))
        else:
            self.set_status(status)
            self.finish(text)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Gives what Jupyter itself refuses (no login, XSRF) the same form as our own errors."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        told = (error.log_message or error.reason or "") if isinstance(error, web.HTTPError) else ""
        kind = NotAllowed if status_code in (401, 403) else WrongParameters if status_code < 500 else InternalError
        refused = "Jupyter refused the request" if status_code < 500 else "The request failed"
        step = "Log in to Jupyter again, then reload the page." if kind is NotAllowed else ""
        self._write(kind(f"{refused} ({status_code}).", told, step))

    def _refuse(self, error: GenlabError) -> None:
        self.set_status(http_status(error))
        self._write(error)

    def _write(self, error: GenlabError) -> None:
        # "message" is what Jupyter's own clients look for.
        self.finish(json.dumps({"error": error.as_dict(), "message": str(error)}, default=str))

    def _internal(self, error: Exception) -> InternalError:
        number = uuid.uuid4().hex[:8]
        self.log.exception("GenLab error %s", number, exc_info=error)
        told = f"{type(error).__name__}: {error}".splitlines()[0][:300]
        return InternalError(
            "The server met an error of its own.", f"{told}.", f"The details are in Jupyter's log under {number}."
        )

    def _user(self) -> str | None:
        """Returns the name that Jupyter knows; None (who ``GENLAB_USER`` names) where it knows none."""
        name = str(getattr(self.current_user, "username", "") or "")
        return None if not name or _ANONYMOUS.fullmatch(name) else name


def http_status(error: GenlabError) -> int:
    """Returns the HTTP status of an error: that of its class, or of the nearest one above it."""
    return next(_STATUS[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in _STATUS)


_STATUS = {
    "GenlabError": 500,
    "BadInput": 400,
    "WrongParameters": 400,
    "NotAllowed": 403,
    "NotFound": 404,
    "IllegalMove": 409,
    "Conflict": 409,
    "TooFewCompletions": 422,
    "PoorQuality": 422,
    "NoLicense": 422,
    "GraphNotAvailable": 422,
    "CustomScriptFailed": 422,
    "NotEnoughResources": 503,
}
"""HTTP status by class of error; subclasses inherit it. Only what is ours is 500."""


async def file_of(contents: Any, path: str) -> Path:
    """Returns the file or folder of a path as the file browser writes it: below the server's root, ``/`` between names.

    The contents manager decides what may be seen, so this opens nothing that Jupyter itself would not: no path leads
    out of the root, hidden files stay hidden, links are followed where Jupyter follows them.

    Raises:
        NotFound: There is no such file, or it may not be seen.
        WrongParameters: Jupyter keeps its files elsewhere than on this machine.
    """
    try:
        there = await ensure_async(contents.file_exists(path)) or await ensure_async(contents.dir_exists(path))
        seen = there and (contents.allow_hidden or not await ensure_async(contents.is_hidden(path)))
    except (web.HTTPError, ValueError):
        seen = False
    if not seen:
        raise NotFound(
            f"There is no {path!r} in the file browser.",
            "Only files below the folder that Jupyter serves can be imported here.",
            "Choose the export in the file browser, or import it in a terminal: genlab import PATH.",
            path=path,
        )
    file = Path(to_os_path(path, getattr(contents, "root_dir", "")))
    if not file.exists():
        raise WrongParameters(
            f"{path!r} cannot be imported.",
            "Jupyter does not keep its files on this machine.",
            "Import it in a terminal: genlab import PATH.",
            path=path,
        )
    return file


def _workspace(user: str | None) -> Workspace:
    """Returns the workspace as a user sees it; one object a user, so that connections are kept."""
    from genlab_widgets.settings import load_settings
    from genlab_widgets.workspace import Workspace

    known = _workspaces.get(user)
    if known is None or known.home != Path(load_settings().home).expanduser().absolute():
        known = _workspaces[user] = Workspace(user=user)
    return known
