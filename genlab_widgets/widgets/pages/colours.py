"""The colours of a project's labels: the config's own, else a fixed palette by position."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genlab_widgets.training.figures import PALETTE
from genlab_widgets.widgets.parts.markup import safe_colour

if TYPE_CHECKING:
    from genlab_widgets.projects.labeling_config import LabelingConfig


def label_colours(config: LabelingConfig) -> dict[str, str]:
    """Returns a colour by label value, the same everywhere on the pages."""
    own = {label.value: label.background for label in config.labels}
    values = dict.fromkeys([*own, *(value for control in config.choices for value in control.values)])
    return {value: safe_colour(own.get(value), PALETTE[place % len(PALETTE)]) for place, value in enumerate(values)}
