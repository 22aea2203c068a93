"""Entities as they are classified: the words around each, with markers at its ends.

The words are those of the entity's sentence, no further away than the encoder can see. The saved pipeline does the
same in SQL (:mod:`genlab_widgets.training.spark.marked`).
"""

from __future__ import annotations

from collections.abc import Sequence

from genlab_widgets.training.dataset import Example, Span
from genlab_widgets.training.finetune.wordpieces import MARKERS, stretches
from genlab_widgets.training.tokens import Token, code_points_to_utf16

_REACH = 160
"""UTF-16 units on either side of an entity, some 28 words; of a status nothing that decides it stands further away."""


def reach(longest: int) -> int:
    """Returns how many UTF-16 units on either side of an entity are read.

    Args:
        longest: Most pieces of a row. A word has no more pieces than characters, so a third of them on either side
            leaves a third for the entity.
    """
    return min(_REACH, (longest - 8) // 3)


def marked(example: Example, longest: int) -> list[list[str] | None]:
    """Returns the words around each entity of a text, in the order of its spans; None where it has no word.

    Args:
        example: A text with its entities.
        longest: Most pieces of a row.
    """
    sentences = list(stretches(example.text, max(1, len(example.text))))
    units = code_points_to_utf16(example.text)
    return [_around(span, sentences, units, reach(longest)) for span in example.spans]


def _around(span: Span, sentences: Sequence[Sequence[Token]], units: Sequence[int], distance: int) -> list[str] | None:
    own = next((sentence for sentence in sentences if any(_overlap(token, span) for token in sentence)), None)
    if own is None:
        return None
    first, last = units[span.start] - distance, units[span.end] + distance
    near = [token for token in own if units[token.start] >= first and units[token.end] <= last]
    return [
        *(token.text for token in near if token.end <= span.start),
        MARKERS[0],
        *(token.text for token in near if _overlap(token, span)),
        MARKERS[1],
        *(token.text for token in near if token.start >= span.end),
    ]


def _overlap(token: Token, span: Span) -> bool:
    return token.start < span.end and span.start < token.end
