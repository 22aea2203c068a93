"""Train Spark NLP models from annotation projects, inside Jupyter, without code and without a licence.

The public names are loaded when they are first used, so that ``import genlab_widgets`` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genlab_widgets.errors import GenlabError
    from genlab_widgets.training.spec import TrainingSpec
    from genlab_widgets.widgets import App, HistoryPage, InfrastructurePage, ModelsPage, SetupPage, TrainPage
    from genlab_widgets.workspace import Model, Project, Run, Workspace

__version__ = "0.1.0"

__all__ = [
    "App",
    "GenlabError",
    "HistoryPage",
    "InfrastructurePage",
    "Model",
    "ModelsPage",
    "Project",
    "Run",
    "SetupPage",
    "TrainPage",
    "TrainingSpec",
    "Workspace",
    "__version__",
]

_HOMES = {
    "App": "genlab_widgets.widgets",
    "GenlabError": "genlab_widgets.errors",
    "HistoryPage": "genlab_widgets.widgets",
    "InfrastructurePage": "genlab_widgets.widgets",
    "Model": "genlab_widgets.workspace",
    "ModelsPage": "genlab_widgets.widgets",
    "Project": "genlab_widgets.workspace",
    "Run": "genlab_widgets.workspace",
    "SetupPage": "genlab_widgets.widgets",
    "TrainPage": "genlab_widgets.widgets",
    "TrainingSpec": "genlab_widgets.training.spec",
    "Workspace": "genlab_widgets.workspace",
}


def __getattr__(name: str) -> Any:
    """Loads a public name when it is first used (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Lists the public names, also those not loaded yet."""
    return sorted({*globals(), *__all__})
