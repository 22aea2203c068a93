"""The colours of a project's labels: the config's own, else a fixed palette by position."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genlab_widgets.training.figures import PALETTE
from genlab_widgets.widgets.parts.markup import safe_colour

if TYPE_CHECKING:
    from genlab_widgets.projects.labeling_config import LabelingConfig


def label_colours(config: LabelingConfig) -> dict[str, str]:
    """Returns a colour by label value, the same everywhere on the pages."""
    return {
        label.value: safe_colour(label.background, PALETTE[place % len(PALETTE)])
        for place, label in enumerate(config.entity_labels)
    }
