"""Licences of John Snow Labs' libraries: what they allow and until when, read from files and the environment.

A licence is a JSON Web Token. Only its payload is read, and its signature is not checked: the libraries do that
themselves when they start. The token is never kept, shown or logged.
"""

from __future__ import annotations

import base64
import binascii
import importlib.util
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from genlab_widgets.settings import load_settings


class Product(NamedTuple):
    """What a licence is for.

    Attributes:
        title: Its name.
        variables: Environment variables and keys of a licence file that hold the token.
        package: The Python package that the licence lets run.
        distribution: Its name in the vendor's index.
        jar: The Java part's file name, as a pattern.
    """

    title: str
    variables: tuple[str, ...]
    package: str
    distribution: str
    jar: str


class Need(NamedTuple):
    """What a library of the spec asks for: its product, and the scope of the licence."""

    product: Product
    scope: str


class License(NamedTuple):
    """One licence.

    Attributes:
        product: What it is for.
        origin: Where it was found: a variable, or the name of a file.
        scopes: What it allows, such as ``ocr: training``; empty where it does not say.
        expires: When it ends; None where it does not say.
        problem: Why it cannot be read; empty where it can.
    """

    product: Product
    origin: str
    scopes: tuple[str, ...] = ()
    expires: datetime | None = None
    problem: str = ""

    def expired(self, now: datetime | None = None) -> bool:
        """Tells whether its time is over."""
        return self.expires is not None and self.expires <= (now or datetime.now(UTC))

    def allows(self, scope: str) -> bool:
        """Tells whether it covers a scope; one that names none leaves that to the library."""
        return not self.problem and (not self.scopes or scope in self.scopes)


NLP = Product(
    "Healthcare, Finance and Legal NLP", ("SPARK_NLP_LICENSE",), "sparknlp_jsl", "spark-nlp-jsl", "spark-nlp-jsl-*.jar"
)
OCR = Product(
    "Visual NLP", ("SPARK_OCR_LICENSE", "JSL_OCR_LICENSE"), "sparkocr", "spark-ocr", "spark-ocr-assembly-*.jar"
)
PRODUCTS = (NLP, OCR)
NEEDS: dict[str, Need] = {
    "healthcare": Need(NLP, "healthcare: training"),
    "finance": Need(NLP, "finance: training"),
    "legal": Need(NLP, "legal: training"),
    "visual_nlp": Need(OCR, "ocr: training"),
}
"""What each licensed library of the spec needs."""
_SCOPE = re.compile(r"([a-z][a-z_-]*)\s*:\s*([a-z]+)", re.I)
_LONGEST_FILE = 1_000_000
_UNREADABLE = "It is no licence token that can be read."


def installed(product: Product) -> bool:
    """Tells whether a product's package is there; imports nothing."""
    return importlib.util.find_spec(product.package) is not None


def found() -> list[License]:
    """Returns every licence of the environment and of the licence files, the environment's first."""
    return [license for place, values in _places() for license in _licenses(place, values)]


def refusal(library: str, licenses: Sequence[License] | None = None, now: datetime | None = None) -> str:
    """Returns why a library of the spec cannot train here, as sentences; empty where it can.

    Args:
        library: ``open_source``, ``healthcare``, ``finance``, ``legal`` or ``visual_nlp``.
        licenses: What there is; None looks.
        now: The time to hold expiry against.
    """
    need = NEEDS.get(library)
    if need is None:
        return ""
    own = [item for item in (found() if licenses is None else licenses) if item.product == need.product]
    what = f'Needs a licence of {need.product.title} with the scope "{need.scope}"'
    usable = [item for item in own if not item.problem and not item.expired(now)]
    if not any(item.allows(need.scope) for item in usable):
        return f"{what}: {_shortcoming(own, usable)}."
    if not installed(need.product):
        return f"The licence is there, its package {need.product.distribution} is not installed."
    if not jars(need.product):
        return f"The licence is there, its jar {need.product.jar} is not in {load_settings().licensed_jars}."
    return ""


def jars(product: Product) -> list[Path]:
    """Returns the Java part of a product, the newest version last by name."""
    return sorted(load_settings().licensed_jars.glob(product.jar))[-1:]


def jars_of(library: str) -> list[Path]:
    """Returns the jars that a library of the spec adds to Spark NLP's; none for the open-source library."""
    need = NEEDS.get(library)
    return [] if need is None else jars(need.product)


def into_environment() -> None:
    """Puts the tokens of licence files where the libraries look for them; what the environment has already stays."""
    for place, values in _places():
        for variable in (name for product in PRODUCTS for name in product.variables if place):
            token = values.get(variable)
            if isinstance(token, str) and token.strip():
                os.environ.setdefault(variable, token.strip())


def _shortcoming(own: Sequence[License], usable: Sequence[License]) -> str:
    if not own:
        return "none was found"
    if usable:
        scopes = dict.fromkeys(scope for item in usable for scope in item.scopes)
        return f"the one found allows {', '.join(scopes)}"
    ended = [item.expires for item in own if item.expires is not None and not item.problem]
    return f"the one found ended on {max(ended):%Y-%m-%d}" if ended else "the one found cannot be read"


def _places() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yields the environment, then each licence file, as name and values."""
    yield "", os.environ
    for file in _files():
        try:
            if file.stat().st_size > _LONGEST_FILE:
                continue
            values = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            continue
        if isinstance(values, dict):
            yield file.name, values


def _files() -> list[Path]:
    place = load_settings().licenses
    try:
        return [place] if place.is_file() else sorted(place.glob("*.json"))
    except OSError:
        return []


def _licenses(place: str, values: Mapping[str, Any]) -> Iterator[License]:
    for product in PRODUCTS:
        for variable in product.variables:
            token = values.get(variable)
            if isinstance(token, str) and token.strip():
                yield _read(product, f"{place}: {variable}" if place else variable, token)


def _read(product: Product, origin: str, token: str) -> License:
    """Reads the payload, the second of three parts (RFC 7519), in URL-safe base64 without padding."""
    parts = token.strip().split(".")
    try:
        payload = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, binascii.Error, ValueError, RecursionError):
        return License(product, origin, problem=_UNREADABLE)
    if not isinstance(payload, dict):
        return License(product, origin, problem=_UNREADABLE)
    return License(product, origin, tuple(dict.fromkeys(_scopes(payload))), _moment(payload.get("exp")))


def _scopes(payload: Mapping[str, Any]) -> Iterator[str]:
    """Yields the scopes of a payload, also of those nested in ``license`` or ``licenses``."""
    for key in ("scope", "scopes"):
        listed = payload.get(key)
        for text in listed if isinstance(listed, list) else [listed]:
            for area, action in _SCOPE.findall(text) if isinstance(text, str) else ():
                yield f"{area.lower()}: {action.lower()}"
    for key in ("license", "licenses"):
        inner = payload.get(key)
        for item in inner if isinstance(inner, list) else [inner]:
            if isinstance(item, dict):
                yield from _scopes(item)


def _moment(seconds: Any) -> datetime | None:
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None
