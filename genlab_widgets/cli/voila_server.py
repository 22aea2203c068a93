"""Voila as ``genlab app`` runs it: a page that closes ends its kernel.

The page's request for that carries the XSRF cookie, which Voila's server wants but sets only for who asks for it.
Without the cookie every reload would leave a kernel behind until it is culled.
"""

from __future__ import annotations

from typing import Any

from traitlets.config import Config
from voila.app import Voila


def set_xsrf_cookie(handler: Any, **_: Any) -> None:
    """Makes the answer that carries the page set the cookie."""
    _ = handler.xsrf_token


def main() -> None:
    """Serves what the command line says."""
    Voila.launch_instance(config=Config({"VoilaConfiguration": {"prelaunch_hook": set_xsrf_cookie}}))


if __name__ == "__main__":
    main()
