"""A Jupyter server starts as fast as without us: the workspace is loaded by the first request."""

from __future__ import annotations

from tests.test_imports import HEAVY, loaded_by


def test_the_server_extension_imports_nothing_heavy() -> None:
    jupyter = loaded_by("import jupyter_server.serverapp")
    ours = loaded_by("import jupyter_server.serverapp, genlab_widgets.server.handler") - jupyter
    assert not ours & {*HEAVY, "pydantic", "lxml"}
    assert ours <= {"genlab_widgets"}
