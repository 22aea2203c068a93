"""The Jupyter server extension: REST routes over the workspace, for the JupyterLab extension and for scripts.

Importing it stays light, because every start of a Jupyter server does: the workspace is loaded by the first request.
"""

from __future__ import annotations

from typing import Any

PREFIX = "genlab-widgets/api/v1"
"""Where the routes lie below the server's base address; ``v1`` changes only where an answer loses a field."""


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Tells Jupyter where the extension is."""
    return [{"module": "genlab_widgets.server"}]


def _load_jupyter_server_extension(server_app: Any) -> None:
    """Adds the routes to a Jupyter server."""
    from jupyter_server.utils import url_path_join

    from genlab_widgets.server.handler import ApiHandler

    web_app = server_app.web_app
    pattern = url_path_join(web_app.settings["base_url"], PREFIX, "(.*)")
    web_app.add_handlers(".*$", [(pattern, ApiHandler)])
    server_app.log.info("GenLab answers under %s", url_path_join(web_app.settings["base_url"], PREFIX))
