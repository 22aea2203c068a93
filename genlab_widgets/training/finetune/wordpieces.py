"""Words into word pieces, exactly as Spark NLP's BERT classifiers cut them, and rows that are never cut off.

Spark NLP 5.5.3 takes each token alone: it lowers it (unless ``caseSensitive``), strips the accents, parts it at
punctuation and Chinese characters and keeps the first part only; then the longest known pieces are taken from the
left. A token of which nothing stays has no piece and no tag.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from genlab_widgets.errors import BadInput
from genlab_widgets.training import tokens
from genlab_widgets.training.tokens import SENTENCE_PATTERN, Token, utf16_length

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PAD, UNKNOWN, START, END = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
CONTINUED = "##"
LONGEST_WORD = 200
"""UTF-16 units; Spark NLP's WordpieceEncoder makes a longer word one unknown piece."""
LONGEST_STRETCH = 500
"""Characters of a sentence that go through the encoder at once: no more pieces than the 510 that BERT and Spark take,
whatever the words are (except Korean, up to three pieces a syllable, and voiced kana, two each)."""
_NEVER = "(?!)"
MARKERS = ("\ue000", "\ue001")
"""Words that stand before and behind an entity that is meant: signs of the private use area, which BERT's tokenizers
leave whole and texts do not have."""
LOWER, CAPITALIZED, UPPER = 0, 1, 2
"""What a piece's letters look like, in a vocabulary with twins."""


@dataclass(frozen=True)
class Vocabulary:
    """Word pieces, and what stands behind each in the encoder's tables.

    Attributes:
        pieces: All pieces; the place is the id that Spark NLP hands to the graph.
        cased: Words keep their capitals (Spark NLP's ``caseSensitive``).
        base: Row of the word embeddings, one for each piece.
        case: Row of the segment embeddings, one for each piece: 0 without twins.
    """

    pieces: tuple[str, ...]
    cased: bool
    base: NDArray[np.int32]
    case: NDArray[np.int32]
    _ids: dict[str, int] = field(repr=False)
    _known: dict[str, tuple[int, ...]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, pieces: Sequence[str], cased: bool) -> Vocabulary:
        """Makes the vocabulary of a checkpoint.

        Raises:
            BadInput: A special piece is missing, a piece occurs twice, or padding is not piece 0 (Spark pads with 0).
        """
        import numpy as np

        ids = {piece: place for place, piece in enumerate(pieces)}
        missing = [piece for piece in (PAD, UNKNOWN, START, END) if piece not in ids]
        if missing or ids[PAD] or len(ids) < len(pieces):
            why = f"It lacks {', '.join(missing)}" if missing else f"{PAD} is not its first piece, or a piece repeats"
            raise BadInput(
                "The vocabulary is none of a BERT.", f"{why}.", "Choose a BERT checkpoint with its vocab.txt."
            )
        count = len(pieces)
        return cls(tuple(pieces), cased, np.arange(count, dtype="int32"), np.zeros(count, "int32"), ids)

    def with_case(self) -> Vocabulary:
        """Returns a cased vocabulary over the same table: pieces with letters get a Capitalized and an UPPER twin."""
        import numpy as np

        pieces, base, case = list(self.pieces), list(range(len(self.pieces))), [LOWER] * len(self.pieces)
        known = set(pieces)
        for place, piece in enumerate(self.pieces):
            for twin, kind in _twins(piece):
                if twin not in known:
                    known.add(twin)
                    pieces.append(twin)
                    base.append(place)
                    case.append(kind)
        ids = {piece: place for place, piece in enumerate(pieces)}
        return Vocabulary(tuple(pieces), True, np.asarray(base, "int32"), np.asarray(case, "int32"), ids)

    def with_markers(self, row: int, case: int) -> Vocabulary:
        """Returns the vocabulary with :data:`MARKERS` as two more pieces.

        Args:
            row: Row of the word embeddings of the first; the second has the next one.
            case: Row of the segment embeddings of both, by which they are known.
        """
        import numpy as np

        pieces = (*self.pieces, *MARKERS)
        base = np.asarray([*self.base, row, row + 1], "int32")
        ids = {piece: place for place, piece in enumerate(pieces)}
        return Vocabulary(pieces, self.cased, base, np.asarray([*self.case, case, case], "int32"), ids)

    @property
    def twinned(self) -> bool:
        """Whether pieces carry their case beside their row."""
        return bool(self.case.any())

    def id_of(self, piece: str) -> int:
        """Returns the id of a piece."""
        return self._ids[piece]

    def encode(self, word: str) -> tuple[int, ...]:
        """Returns the ids of a token's pieces; none where nothing of the token stays."""
        found = self._known.get(word)
        if found is None:
            found = self._known[word] = self._pieces_of(first_part(word, self.cased))
        return found

    def encode_whole(self, word: str) -> tuple[int, ...]:
        """Returns the ids of the pieces of all parts of a word: of ``9.00`` also what follows the point."""
        return tuple(piece for part in parts_of(word, self.cased) for piece in self._pieces_of(part))

    def _pieces_of(self, word: str) -> tuple[int, ...]:
        if utf16_length(word) > LONGEST_WORD:
            return (self._ids[UNKNOWN],)
        found: list[int] = []
        start = 0
        while start < len(word):
            prefix = CONTINUED if start else ""
            ends = range(len(word), start, -1)
            end = next((end for end in ends if prefix + word[start:end] in self._ids), None)
            if end is None:
                return (self._ids[UNKNOWN],)
            found.append(self._ids[prefix + word[start:end]])
            start = end
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Window:
    """Word pieces that go through the encoder together, [CLS] and [SEP] included.

    Attributes:
        ids: Ids of the pieces.
        words: For each piece the number of its token in the sentence, -1 for [CLS] and [SEP].
        sentence: Number of the sentence among those that were cut.
    """

    ids: list[int]
    words: list[int]
    sentence: int


def windows(vocabulary: Vocabulary, sentences: Sequence[Sequence[str]], longest: int) -> list[Window]:
    """Cuts sentences (lists of tokens) into windows of at most ``longest`` pieces, at token bounds, in order.

    Args:
        vocabulary: The word pieces.
        sentences: Tokens by sentence.
        longest: Most pieces of a window, [CLS] and [SEP] included: 512 or what the encoder has positions for.
    """
    first, last = vocabulary.id_of(START), vocabulary.id_of(END)
    found: list[Window] = []
    for number, words in enumerate(sentences):
        ids, places = [first], [-1]
        for place, word in enumerate(words):
            pieces = vocabulary.encode(word)[: longest - 2]
            if len(ids) + len(pieces) + 1 > longest:
                found.append(Window([*ids, last], [*places, -1], number))
                ids, places = [first], [-1]
            ids += pieces
            places += [place] * len(pieces)
        if len(ids) > 1:
            found.append(Window([*ids, last], [*places, -1], number))
    return found


def stretches(text: str, longest: int = LONGEST_STRETCH, by_sentence: bool = True) -> Iterator[list[Token]]:
    """Yields the tokens of each sentence, and of each stretch of ``longest`` characters in long ones.

    A long sentence is cut after the last blank that fits, or anywhere where there is none. The saved pipeline does the
    same by :func:`stretch_pattern`.

    Args:
        text: The text of a task.
        longest: Most characters of a stretch.
        by_sentence: Whether sentences go apart; else the whole text counts as one.
    """
    blank = tokens._blank_regex()
    whole = tokens.trim(text, 0, len(text))
    for bounds in tokens.sentences(text) if by_sentence or whole is None else [whole]:
        start = bounds.start
        while start < bounds.end:
            end = bounds.end
            if end - start > longest:
                end = start + longest
                end = next((place for place in range(end, start, -1) if blank.match(text, place - 1, place)), end)
            part = [Token(word, first + start, last + start) for word, first, last in tokens.tokenize(text[start:end])]
            if part:
                yield part
            rest = tokens.trim(text, end, bounds.end)
            start = rest.start if rest is not None else bounds.end


def stretch_pattern(longest: int = LONGEST_STRETCH, by_sentence: bool = True) -> str:
    r"""Returns the Java regex of the end of a sentence or of a stretch, for ``SentenceDetector``.

    A stretch begins where the last match ended (``\G``), behind blanks. It is cut only if more than ``longest``
    characters follow, none of which begins a sentence bound, and the last of which is no blank.
    """
    bound, blank = SENTENCE_PATTERN if by_sentence else _NEVER, tokens._JAVA_BLANK
    too_long = rf"(?=(?:(?!{bound})[\s\S]){{{longest}}}(?!{blank}*(?:\z|{bound})))"
    return rf"{bound}|\G{blank}*+{too_long}(?:[\s\S]{{1,{longest}}}(?<={blank})|[\s\S]{{{longest}}})"


def first_part(word: str, cased: bool) -> str:
    """Returns what Spark NLP's BasicTokenizer leaves of a token: its first part, without accents; may be empty."""
    return next(parts_of(word, cased), "")


def parts_of(word: str, cased: bool) -> Iterator[str]:
    """Yields all parts of a token as BERT cuts it, at punctuation and Chinese characters, without accents."""
    if not cased:
        word = word.lower()
    start = 0
    while start < len(word):
        end = start
        while end < len(word) and not _parts(word[end]):
            end += 1
        if end == start and (_is_punctuation(word[end]) or _is_chinese(word[end])):
            end += 1
        found = _normalized(word[start:end], cased)
        if found:
            yield found
        start = max(end, start + 1)


def _parts(sign: str) -> bool:
    return _is_filtered(sign) or sign.isspace() or _is_punctuation(sign) or _is_chinese(sign)


def _normalized(part: str, cased: bool) -> str:
    bare = "".join(sign for sign in unicodedata.normalize("NFD", part) if not "\u0300" <= sign <= "\u036f")
    kept = "".join(sign for sign in bare if not _is_filtered(sign))
    return kept if cased else kept.lower()


def _is_filtered(sign: str) -> bool:
    return sign == "\ufffd" or unicodedata.category(sign) == "Cc"


def _is_punctuation(sign: str) -> bool:
    """Follows Spark NLP: ASCII signs, and characters that have PUNCTUATION in their name (not the category P)."""
    if sign.isascii():
        return sign.isprintable() and not sign.isalnum() and sign != " "
    return ord(sign) <= 0xFFFF and "PUNCTUATION" in unicodedata.name(sign, "")


def _is_chinese(sign: str) -> bool:
    """Follows Spark NLP, which looks at UTF-16 units, so only at the basic plane."""
    return "\u4e00" <= sign <= "\u9fff" or "\u3400" <= sign <= "\u4dbf" or "\uf900" <= sign <= "\ufaff"


def _twins(piece: str) -> Iterator[tuple[str, int]]:
    """Yields the twins of a lower-case piece; those that change its length (``ß``) or do not lower back are none."""
    letters = piece.removeprefix(CONTINUED)
    prefix = piece[: len(piece) - len(letters)]
    if piece.startswith("[") and piece.endswith("]") and len(piece) > 2:
        return
    single = UPPER if prefix else CAPITALIZED
    capitalized, upper = letters[:1].upper() + letters[1:], letters.upper()
    for twin, kind in ((capitalized, single if len(letters) == 1 else CAPITALIZED), (upper, UPPER)):
        if twin != letters and len(twin) == len(letters) and twin.lower() == letters:
            yield prefix + twin, kind
