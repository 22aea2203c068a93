"""What the Train form's list of embeddings holds: one line each, and one for each kind that needs a path or a name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from genlab_widgets.projects.language import name_of
from genlab_widgets.training.offers import embeddings_fit
from genlab_widgets.widgets.parts import Markup, h, option

if TYPE_CHECKING:
    from genlab_widgets.training.embeddings import EmbeddingsChoice

AUTOMATIC = "Automatic (recommended)"
_PATTERNS = (":PATH", ":NAME")


class EmbeddingsList:
    """The embeddings to choose from; empty until they are known.

    Embeddings of one's own (``folder:/data/bert``) stand in the line of their pattern (``folder:PATH``).
    """

    def __init__(self) -> None:
        self._found: dict[str, EmbeddingsChoice] = {}
        self._patterns: dict[str, str] = {}

    def know(self, found: Sequence[EmbeddingsChoice]) -> None:
        """Takes what there is."""
        self._found = {choice.name: choice for choice in found}
        self._patterns = {name.partition(":")[0]: name for name in self._found if name.endswith(_PATTERNS)}

    def options(self, kind: str, chosen: str, architecture: str = "automatic") -> list[dict[str, Any]]:
        """Returns the lines for a kind and its network, and what is chosen now; what cannot be used says so."""
        listed = [option("automatic", AUTOMATIC)]
        listed += [
            option(
                choice.name,
                choice.title if choice.available else f"{choice.title} (not available)",
                disabled=not choice.available,
            )
            for choice in self._found.values()
            if choice.name != "automatic" and embeddings_fit(kind, choice.name, architecture)
        ]
        if self.line(chosen) not in {item["value"] for item in listed}:
            listed.append(option(chosen, chosen))
        return listed

    def is_own(self, name: str) -> bool:
        """Tells whether a name is of one's own: of a pattern, with a path or a name behind it."""
        return ":" in name and name not in self._found

    def line(self, name: Any) -> str:
        """Returns the line of the list that stands for embeddings."""
        family = str(name).partition(":")[0]
        return self._patterns.get(family, str(name)) if self.is_own(str(name)) else str(name)

    def title(self, name: str) -> str:
        """Returns what embeddings are called."""
        return AUTOMATIC if name == "automatic" else self._found[name].title if name in self._found else name

    def facts(self, name: str) -> Markup:
        """Returns what is known of embeddings: dimension, language, size, and why they cannot be used."""
        choice = self._found.get(self.line(name))
        if choice is None:
            return h("p", class_="genlab-hint")
        parts = [
            f"{choice.dimension} dimensions" if choice.dimension else "dimension known once loaded",
            "any language" if choice.language == "any" else name_of(choice.language),
            f"{choice.size_mb:.0f} MB" if choice.size_mb else "",
            "needs the network" if choice.needs_network else "on this machine",
        ]
        reason = (
            h("span", f" {choice.reason}", class_="genlab-error") if choice.reason and not choice.available else None
        )
        return h("p", " \u00b7 ".join(part for part in parts if part), reason, class_="genlab-hint")


def named_by(line: Any) -> str:
    """Returns what a line of the list stands for; the path or name of one's own is typed afterwards."""
    name = str(line)
    return name[: name.index(":") + 1] if name.endswith(_PATTERNS) else name
