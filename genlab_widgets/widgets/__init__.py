"""The pages, as widgets for notebooks: ``App`` is the whole app, the others are one page of one project."""

from genlab_widgets.widgets.app import App
from genlab_widgets.widgets.pages.history import HistoryPage
from genlab_widgets.widgets.pages.infrastructure import InfrastructurePage
from genlab_widgets.widgets.pages.models import ModelsPage
from genlab_widgets.widgets.pages.setup import SetupPage
from genlab_widgets.widgets.pages.train import TrainPage

__all__ = ["App", "HistoryPage", "InfrastructurePage", "ModelsPage", "SetupPage", "TrainPage"]
