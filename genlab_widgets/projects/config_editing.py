"""A labeling config under edit: as text with one kind of line end, and with labels or choices added.

Whatever an edit does not name keeps its bytes: mixed line ends, blanks, quotes and comments.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from xml.sax.saxutils import quoteattr

from genlab_widgets.errors import WrongParameters
from genlab_widgets.projects.config_marks import LABEL_CONTROLS
from genlab_widgets.projects.labeling_config import Covered, LabelingConfig

_LINE_END = re.compile(rb"(\r\n|\r|\n)")


def as_text(source: bytes) -> str:
    """Returns a config as an editor holds it: every line ends with a line feed."""
    return _LINE_END.sub(b"\n", source).decode(errors="replace")


def from_text(text: str, before: bytes) -> bytes:
    """Returns the bytes of an edited config; lines that were there before keep their line ends.

    Args:
        text: What the editor holds.
        before: The config that :func:`as_text` was given.
    """
    pieces = _LINE_END.split(before)
    old, ends = pieces[::2], pieces[1::2]
    new = text.replace("\r\n", "\n").replace("\r", "\n").encode(errors="replace").split(b"\n")
    usual = max(dict.fromkeys(ends), key=ends.count, default=b"\n")
    if len(set(ends)) < 2:
        return usual.join(new)
    kept = _kept(old, new)
    own = [ends[kept[place]] if kept.get(place, len(ends)) < len(ends) else usual for place in range(len(new) - 1)]
    return b"".join(line + end for line, end in zip(new, [*own, b""], strict=True))


def _kept(old: Sequence[bytes], new: Sequence[bytes]) -> dict[int, int]:
    """Returns the old line's number by the new one's; a changed line stands for the one that it replaced."""
    found: dict[int, int] = {}
    for what, old_start, old_end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what in ("equal", "replace"):
            found.update(zip(range(new_start, new_end), range(old_start, old_end), strict=False))
    return found


def with_model(
    config: LabelingConfig, part: Covered, values: Sequence[str], model: str, multiple: bool = False
) -> LabelingConfig:
    """Returns a config that names a model on these values of a part, adding the labels or choices that it lacks.

    Args:
        config: The config.
        part: Entity labels, assertion labels, or the choices of one Choices.
        values: What the model finds, in its order.
        model: Its name.
        multiple: Whether a Choices that has to be added takes several choices.

    Raises:
        WrongParameters: The config has no place for what has to be added.
    """
    present = {value for value, _ in config.named(part)}
    named = config.with_models(dict.fromkeys(present.intersection(values), model), part)
    missing = [value for value in dict.fromkeys(values) if value not in present]
    if not missing:
        return named
    if part.kind == "choices":
        return _with_choices(named, part.choices, missing, model, multiple)
    extra = ' assertion="true"' if part.kind == "assertion" else ""
    lines = [f"<Label value={quoteattr(value)}{extra} model={quoteattr(model)}/>" for value in missing]
    for control in LABEL_CONTROLS:
        place = named.closing(control)
        if place is not None:
            return _insert(named, place, lines)
    name = _fresh(named, "label")
    around = [f'<Labels name="{name}" toName={quoteattr(_text_name(named))}>', "</Labels>"]
    return _insert(named, _root_end(named), [around[0], *(f"  {line}" for line in lines), around[1]])


def _with_choices(
    config: LabelingConfig, name: str, values: Sequence[str], model: str, multiple: bool
) -> LabelingConfig:
    lines = [f"<Choice value={quoteattr(value)} model={quoteattr(model)}/>" for value in values]
    place = config.closing("Choices", name)
    if place is not None:
        return _insert(config, place, lines)
    kind = "multiple" if multiple else "single"
    head = f'<Choices name={quoteattr(name)} toName={quoteattr(_text_name(config))} choice="{kind}">'
    return _insert(config, _root_end(config), [head, *(f"  {line}" for line in lines), "</Choices>"])


def _insert(config: LabelingConfig, place: int, lines: Sequence[str]) -> LabelingConfig:
    """Puts elements in front of a closing tag, on lines of their own where that tag has one."""
    source = config.source
    start = max(source.rfind(b"\n", 0, place), source.rfind(b"\r", 0, place)) + 1
    indent = source[start:place]
    if indent.strip() or start == 0:
        added = "".join(line.strip() for line in lines).encode()
        return LabelingConfig.parse(source[:place] + added + source[place:])
    end = b"\r\n" if source[:start].endswith(b"\r\n") else source[start - 1 : start]
    step = b"\t" if indent.startswith(b"\t") else b"  "
    added = b"".join(indent + step + line.encode() + end for line in lines)
    return LabelingConfig.parse(source[:start] + added + source[start:])


def _root_end(config: LabelingConfig) -> int:
    root = str(config.tree().tag)
    place = config.closing(root)
    if place is None:
        raise WrongParameters(
            "The labeling config has no place for more labels.",
            f"Its <{root}/> holds nothing.",
            f"Write <{root}> and </{root}> instead, then add the model again.",
        )
    return place


def _text_name(config: LabelingConfig) -> str:
    """Returns the name of what annotators read; ``text`` where the config shows nothing yet."""
    texts = (str(item.get("name")) for item in config.tree().iter("Text", "HyperText") if item.get("name"))
    return next((name for name in _annotated(config) if name), next(texts, "text"))


def _annotated(config: LabelingConfig) -> Iterator[str]:
    for item in config.tree().iter():
        if isinstance(item.tag, str) and item.get("toName"):
            yield str(item.get("toName")).split(",")[0]


def _fresh(config: LabelingConfig, name: str) -> str:
    taken = {str(item.get("name")) for item in config.tree().iter() if isinstance(item.tag, str)}
    return next(found for found in (name, *(f"{name}{number}" for number in range(2, 999))) if found not in taken)
