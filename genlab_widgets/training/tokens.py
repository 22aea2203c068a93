r"""Tokens, sentences and offsets: one rule, written once for Python and once for Java.

A token is a run of letters, marks and digits; every other visible character is a token of its own, together with the
marks that follow it (so the variation selector of an emoji stays with its emoji). So is every letter of Chinese,
Japanese, Thai and other scripts without blanks between words (:data:`_UNSPACED`): a run of those is a whole clause, and
a mark inside of it would be widened to all of it. Runs of katakana part as well: of a long name a part is marked, too.

Blanks (Unicode ``Z``, ``Cc`` and ``Cf``) belong to no token, except soft hyphen and the two zero-width joiners, which
count as marks: words of Persian or Hindi and joined emoji are not torn.

Spark NLP runs the same rule through :data:`TOKEN_PATTERN` (what a token is) or :data:`SPLIT_PATTERN` (where tokens
part, for ``RegexTokenizer``), and :data:`SENTENCE_PATTERN` as a custom bound of ``SentenceDetector`` with the bound
strategy ``append``. Python's ``re`` knows no ``\p{L}``, so the same classes are built from ``unicodedata``.
"""

from __future__ import annotations

import itertools
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

MAX_SENTENCE_TOKENS = 128
"""Longest sentence, in tokens. MiniLM reads 256 word pieces (its card), about two a token in unfavourable text."""

_UNSPACED = (
    *((0x0E00, 0x0EFF), (0x0F00, 0x0FFF), (0x1000, 0x109F), (0x1780, 0x17FF)),  # Thai and Lao, Tibetan, Myanmar, Khmer
    *((0x1950, 0x19DF), (0x1A20, 0x1AAF), (0xA9E0, 0xA9FF), (0xAA60, 0xAADF)),  # Tai scripts, more of Myanmar
    *((0x3005, 0x3007), (0x3021, 0x3029), (0x3031, 0x312F), (0x31A0, 0x31BF)),  # signs of Han, kana, Bopomofo
    *((0x31F0, 0x31FF), (0xFF66, 0xFF9D), (0x1AFF0, 0x1B16F)),  # more kana, of half width too
    *((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFD)),  # Han
)
"""Blocks of scripts that put no blanks between words. Their digits make runs as all digits do; Korean has blanks."""

_JOINERS = "\u00ad\u200c\u200d"
_VOICED = "\uff9e\uff9f"  # of half-width kana: letters to Unicode, but they belong to the sign before them
_JAVA_JOINERS = r"\u00AD\u200C\u200D"
_JAVA_UNSPACED = "".join(rf"\x{{{low:X}}}-\x{{{high:X}}}" for low, high in _UNSPACED)
_JAVA_SINGLE = rf"[\p{{L}}\p{{Nl}}&&[{_JAVA_UNSPACED}]]"
_JAVA_MARK = rf"[\p{{M}}{_JAVA_JOINERS}\uFF9E\uFF9F]"
_JAVA_WORD = rf"[\p{{M}}\p{{Nd}}\p{{No}}{_JAVA_JOINERS}[\p{{L}}\p{{Nl}}&&[^{_JAVA_UNSPACED}]]]"
_JAVA_BLANK = rf"[\p{{Z}}\p{{Cc}}\p{{Cf}}&&[^{_JAVA_JOINERS}]]"
_JAVA_OTHER = rf"[[^\p{{L}}\p{{M}}\p{{N}}\p{{Z}}\p{{Cc}}\p{{Cf}}\p{{Cs}}]{_JAVA_SINGLE}]"
_JAVA_BEHIND_WORD = rf"{_JAVA_WORD}{{1,2}}"  # look-behind counts UTF-16 units: a letter beyond the basic plane has two

TOKEN_PATTERN = rf"{_JAVA_WORD}+|{_JAVA_OTHER}{_JAVA_MARK}*"
"""Java regex that matches one token."""

SPLIT_PATTERN = (
    rf"{_JAVA_BLANK}+"
    rf"|(?<={_JAVA_OTHER}{_JAVA_MARK}{{0,16}})(?={_JAVA_WORD}|{_JAVA_OTHER})(?!{_JAVA_MARK})"
    rf"|(?<={_JAVA_BEHIND_WORD})(?={_JAVA_OTHER})"
)
"""Java regex that matches what lies between tokens; look-behind needs a bound, so 16 marks a character at most."""

ABBREVIATIONS = (
    *("approx", "Capt", "Dept", "Prof", "resp", "Univ"),  # English, some of them elsewhere too
    *("bzw", "Dipl", "evtl", "exkl", "geb", "ggf", "inkl", "sog", "verh", "vgl", "zzgl"),  # German
    *("aprox", "Avda", "Depto", "Exma", "Exmo", "Ilma", "Ilmo", "núm", "pág", "Profa"),  # Spanish and Portuguese
    *("Dott", "Egr", "Geom", "pag", "Spett"),  # Italian
    *("afd", "eks", "ekskl", "evt", "tlf", "vedr"),  # Danish
    *("cca", "Conf", "dvs", "jud", "pct"),  # Romanian
)
"""Words after whose full stop a sentence goes on, though a capital follows (every noun of German has one). One list for
all languages: a text may mix them. Words that also end sentences (``usw``, ``ecc``, ``etc``, ``min``) are not in it,
and shorter ones need not be."""

_LENGTHS = sorted({len(word) for word in ABBREVIATIONS})
_BEFORE_STOP = ")]\"'\u201d\u2019\u201c\u00bb\u00ab\u203a\u2039"
_BEGINS = "\"'\u201c\u2018([\u201e\u201a\u00ab\u00bb\u2039\u203a\u00bf\u00a1"
_STOP = "[.!?\u2026]"


def _any_of(words: Iterable[str]) -> str:
    return "|".join(f"[{word[0].upper()}{word[0].lower()}]{word[1:]}" for word in words)


def _escaped(signs: str) -> str:
    return re.sub(r"([\]\[])", r"\\\1", signs)


SENTENCE_PATTERN = (
    r"[\n\r\u2028\u2029]+"
    r"|[\u3002\uFF01\uFF1F\uFF61\u104B\u17D4\u17D5]+[\u300D\u300F\u201D\u2019\uFF09\uFF63]*"
    rf"|(?<=[\p{{Ll}}\p{{Lo}}\p{{M}}\p{{N}}{_escaped(_BEFORE_STOP)}]{{3,6}}{_STOP})"
    rf"(?<!(?<!{_JAVA_BEHIND_WORD})(?:{_any_of(ABBREVIATIONS)})\.)"
    rf"[ \t\u00A0]+(?=[\p{{Lu}}\p{{Lt}}{_escaped(_BEGINS)}])"
)
"""Java regex of a sentence bound; the sentence ends where the match ends. Three lower-case letters or digits must stand
before the full stop, so that ``Dr.``, ``No.`` and initials end nothing, and none of :data:`ABBREVIATIONS`."""


class Token(NamedTuple):
    """One token.

    Attributes:
        text: As written.
        start: First code point in the text of the task.
        end: Code point after the last one.
    """

    text: str
    start: int
    end: int


class Bounds(NamedTuple):
    """Code points ``start`` (inclusive) to ``end`` (exclusive) of one sentence, blanks at its edges left out."""

    start: int
    end: int


def tokenize(text: str) -> list[Token]:
    """Splits a text into tokens with code point offsets; blanks are in no token."""
    return [Token(match.group(), match.start(), match.end()) for match in _token_regex().finditer(text)]


def words(text: str) -> list[str]:
    """Returns the tokens made of letters, marks and digits: what stays of a text without blanks and punctuation."""
    return _word_regex().findall(text)


def is_single(token: str) -> bool:
    """Says whether a token is one letter of a script without blanks between words: part of a word, not a word."""
    return _single_regex().fullmatch(token) is not None


def sentences(text: str) -> list[Bounds]:
    """Finds the sentences of a text, in order; blank stretches give none."""
    cuts = [match.end() for match in _sentence_regex().finditer(text)]
    found = []
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        tokens = _edges(text, start, end)
        if tokens is not None:
            found.append(tokens)
    return found


def token_sentences(text: str, longest: int = MAX_SENTENCE_TOKENS) -> Iterator[list[Token]]:
    """Yields the tokens of each sentence; longer ones are cut at a token bound into nearly equal parts.

    Where that would tear a clause of single letters, they are cut at the last blank or other sign that fits.

    Args:
        text: The text of a task.
        longest: Most tokens of a part.
    """
    for bounds in sentences(text):
        tokens = [
            Token(match.group(), match.start(), match.end())
            for match in _token_regex().finditer(text, bounds.start, bounds.end)
        ]
        cuts = _cuts(tokens, longest)
        for start, end in itertools.pairwise(cuts):
            yield tokens[start:end]


def _cuts(tokens: list[Token], longest: int) -> list[int]:
    """Returns where the parts of a sentence begin, and its end."""
    parts = -(-len(tokens) // longest)
    cuts = [part * len(tokens) // parts for part in range(parts + 1)]
    if not any(_is_inside_clause(tokens, cut) for cut in cuts[1:-1]):
        return cuts
    cuts = [0]
    while len(tokens) - cuts[-1] > longest:  # a name may stand anywhere in a clause, so it is cut before or behind
        last = cuts[-1] + longest
        places = range(last, last - longest // 2, -1)
        cuts.append(next((place for place in places if not _is_inside_clause(tokens, place)), last))
    return [*cuts, len(tokens)]


def _is_inside_clause(tokens: list[Token], place: int) -> bool:
    before, behind = tokens[place - 1], tokens[place]
    return before.end == behind.start and is_single(before.text) and is_single(behind.text)


def utf16_to_code_points(text: str) -> list[int]:
    """Maps UTF-16 units (Java, Spark NLP) to code points (Python, completions).

    Returns:
        One code point offset for each UTF-16 offset from 0 to the length, both included; both units of a surrogate
        pair map to their character. Spark NLP's inclusive ``end`` becomes exclusive by looking up ``end + 1``.
    """
    offsets: list[int] = []
    for index, character in enumerate(text):
        offsets.append(index)
        if ord(character) > 0xFFFF:
            offsets.append(index)
    offsets.append(len(text))
    return offsets


def code_points_to_utf16(text: str) -> list[int]:
    """Maps code points to UTF-16 units: one offset for each code point offset from 0 to the length, both included."""
    offsets = [0]
    for character in text:
        offsets.append(offsets[-1] + (2 if ord(character) > 0xFFFF else 1))
    return offsets


def utf16_length(text: str) -> int:
    """Returns the length of a text in UTF-16 units, as Java counts it."""
    return len(text) + sum(ord(character) > 0xFFFF for character in text)


def trim(text: str, start: int, end: int) -> Bounds | None:
    """Takes blanks off the edges of a stretch of text, as the tokenizer sees blanks; None if nothing is left."""
    return _edges(text, start, end)


def _edges(text: str, start: int, end: int) -> Bounds | None:
    blank = _blank_regex()
    leading = blank.match(text, start, end)
    if leading is not None:
        start = leading.end()
    while end > start and blank.match(text, end - 1, end) is not None:
        end -= 1
    return Bounds(start, end) if end > start else None


@lru_cache(maxsize=1)
def _classes() -> dict[str, str]:
    r"""Builds the inside of a character class for each group of categories, once (about 0.3 s, then cached).

    ``re`` has no Unicode properties, and ``\w`` lacks marks and has the underscore.
    """
    names = ("word", "single", "mark", "blank", "before", "upper")
    groups: dict[str, list[tuple[int, int]]] = {name: [] for name in names}
    for code in range(sys.maxunicode + 1):
        if 0x323B0 <= code < 0xE0000 or code >= 0xE01F0:  # no character is assigned there (private use: other)
            continue
        character = chr(code)
        category = unicodedata.category(character)
        for name in _groups_of(character, category):
            ranges = groups[name]
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1] = (ranges[-1][0], code)
            else:
                ranges.append((code, code))
    return {
        name: "".join(f"\\U{low:08x}-\\U{high:08x}" if low != high else f"\\U{low:08x}" for low, high in ranges)
        for name, ranges in groups.items()
    }


def _groups_of(character: str, category: str) -> Iterator[str]:
    joins = character in _JOINERS
    if category[0] == "M" or joins or character in _VOICED:
        yield "mark"
    if (category[0] == "L" or category == "Nl") and any(low <= ord(character) <= high for low, high in _UNSPACED):
        yield "single"
    elif category[0] in "LMN" or joins:
        yield "word"
    elif category[0] == "Z" or category in ("Cc", "Cf"):
        yield "blank"
    if category in ("Ll", "Lo") or category[0] in "MN" or character in _BEFORE_STOP:
        yield "before"
    if category in ("Lu", "Lt") or character in _BEGINS:
        yield "upper"


@lru_cache(maxsize=1)
def _token_regex() -> re.Pattern[str]:
    classes = _classes()
    return re.compile(f"[{classes['word']}]+|[^{classes['word']}{classes['blank']}][{classes['mark']}]*")


@lru_cache(maxsize=1)
def _word_regex() -> re.Pattern[str]:
    classes = _classes()
    return re.compile(f"[{classes['word']}]+|[{classes['single']}][{classes['mark']}]*")


@lru_cache(maxsize=1)
def _single_regex() -> re.Pattern[str]:
    classes = _classes()
    return re.compile(f"[{classes['single']}][{classes['mark']}]*")


@lru_cache(maxsize=1)
def _blank_regex() -> re.Pattern[str]:
    return re.compile(f"[{_classes()['blank']}]+")


@lru_cache(maxsize=1)
def _sentence_regex() -> re.Pattern[str]:
    before, upper, word = (_classes()[name] for name in ("before", "upper", "word"))
    # Python's look-behind wants one length, so each length has its own.
    same_length = ([short for short in ABBREVIATIONS if len(short) == length] for length in _LENGTHS)
    goes_on = "".join(rf"(?<!(?<![{word}])(?:{_any_of(shorts)})\.)" for shorts in same_length)
    return re.compile(
        "[\n\r\u2028\u2029]+"
        "|[\u3002\uff01\uff1f\uff61\u104b\u17d4\u17d5]+[\u300d\u300f\u201d\u2019\uff09\uff63]*"
        rf"|(?<=[{before}][{before}][{before}]{_STOP}){goes_on}[ \t\u00a0]+(?=[{upper}])"
    )
