"""Small widgets that pages are made of: each a Python class with its traits and one script that draws them.

State travels as traits only, so a view that opens late (a reload, a second tab) shows the same; what a user does comes
back as one message ``{"event": ...}``. Scripts set text, never markup.
"""

from genlab_widgets.widgets.parts.curve import Curve
from genlab_widgets.widgets.parts.download import Download
from genlab_widgets.widgets.parts.inputs import Choice, Field, option
from genlab_widgets.widgets.parts.log import Log
from genlab_widgets.widgets.parts.markup import Markup, h
from genlab_widgets.widgets.parts.pageview import PageView
from genlab_widgets.widgets.parts.part import Stylesheet
from genlab_widgets.widgets.parts.shell import Banner, Frame, Header, Steps
from genlab_widgets.widgets.parts.status import Progress, ReadinessView
from genlab_widgets.widgets.parts.table import Table
from genlab_widgets.widgets.parts.upload import Upload

__all__ = [
    "Banner",
    "Choice",
    "Curve",
    "Download",
    "Field",
    "Frame",
    "Header",
    "Log",
    "Markup",
    "PageView",
    "Progress",
    "ReadinessView",
    "Steps",
    "Stylesheet",
    "Table",
    "Upload",
    "h",
    "option",
]
