"""Where a page is shown: by Voila, or in a notebook that a Jupyter server opened."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qs, quote


def in_voila() -> bool:
    """Tells whether Voila shows the page."""
    return os.environ.get("SERVER_SOFTWARE", "").startswith("voila/")


def query() -> dict[str, str]:
    """Returns the parameters of the page's address, where Voila passes them on."""
    found = parse_qs(os.environ.get("QUERY_STRING", "")) if in_voila() else {}
    return {name: values[-1] for name, values in found.items()}


def lab_address(path: Path) -> str | None:
    """Returns the address of a file in the JupyterLab that runs this kernel; None where it can't be opened there."""
    if in_voila():
        return None
    from jupyter_server.serverapp import list_running_servers

    for server in list_running_servers():
        root = Path(str(server.get("root_dir", "")))
        if server.get("pid") == os.getppid() and path.is_relative_to(root):
            inside = "/".join(quote(part, safe="") for part in path.relative_to(root).parts)
            return f"{server.get('base_url', '/')}lab/tree/{inside}"
    return None
