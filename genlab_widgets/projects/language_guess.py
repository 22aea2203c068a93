"""The language that texts look like, where nobody has told it: by their script, in Latin script by frequent words.

It is made for whole projects, not for single sentences, and says nothing where the texts are few or doubtful.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

ENOUGH_CHARACTERS = 20_000
"""More texts do not change the answer."""
_FEWEST_WORDS, _FEWEST_LETTERS = 30, 40
_LEAST_SHARE, _LEAD = 0.12, 1.5
"""The share of frequent words in running text; by how much the best language surpasses the second in those that only
one of the two has."""
_OTHER_SCRIPT = 0.3
"""Share of letters that makes a text one of its script; names and terms of medicine are Latin in every language."""
_BY_SCRIPT = {
    "CJK": "zh", "HANGUL": "ko", "CYRILLIC": "ru", "GREEK": "el", "ARABIC": "ar", "HEBREW": "he", "THAI": "th",
    "DEVANAGARI": "hi", "BENGALI": "bn", "TAMIL": "ta", "TELUGU": "te", "GEORGIAN": "ka", "ARMENIAN": "hy",
    "ETHIOPIC": "am",
}  # fmt: skip
"""A language by the word with which Unicode begins the names of its letters."""
_KANA = {"HIRAGANA", "KATAKANA"}
_TELLING = {
    "ru": (("ru", "ыэ"), ("uk", "їєґ"), ("sr", "ђјљњћџ"), ("bg", "ъ")),
    "ar": (("ur", "ٹڈڑںے"), ("fa", "پچژگ")),
}
"""Letters that tell languages of one script apart: the first language that uses them often enough is it."""
_OFTEN_ENOUGH = 0.003
_FREQUENT = {
    "en": "the of and to in is that was for with as on are this be not have from or a i my you it can what how do by",
    "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine auch wurde war bei ich mein",
    "fr": "le la les de des et en un une du est que dans pour qui sur pas plus par au avec ce sont mon ma vous comment",
    "es": "el la los las de y en que un una del se por con para es no su al lo como más fue pero sus me puedo qué está",
    "pt": "o a os as de do da e em que um uma no com para não por dos mais foi ao como ele seu eu meu minha você posso",
    "it": "il la di e che in un una per del della non è con le dei si sono al come nel gli più alla ha mi mio ho posso",
    "nl": "de het een van en in is dat op te met voor niet zijn die aan ook bij door maar werd wordt ik mijn hoe wat",
    "da": "og i det den en til er som på med for ikke var et har ved fra også han hun at af der efter blev jeg min",
    "sv": "och i att det en som på är av för med den till inte om ett han var har från efter blev också jag min hur",
    "no": "og i det den en til er som på med for ikke var et har ved fra også han hun at av etter ble seg jeg min",
    "fi": "ja on ei että se hän oli joka mutta ovat kuin myös sen tai kun niin ole hänen jos mukaan minä mitä miten",
    "pl": "i w na z do się nie jest to że o jak po od za przez oraz był dla co przy jego tym mam mój czy mogę jestem",
    "cs": "a v se na je že s z do o i k ve pro jako za by byl ale od po který jsou není také při jsem můj mám jestli",
    "ro": "de și în a la cu pe din o un este nu care pentru mai că au fost sau se prin după sunt lui eu meu dacă pot",
    "hu": "a az és hogy nem is egy volt meg ez csak már van el mint de után majd vagy ki én nekem hogyan",
    "tr": "ve bir bu da de için ile çok olarak daha gibi olan kadar sonra ne var ama en değil ben benim nasıl bana",
    "id": "yang dan di ini itu dengan untuk dari tidak dalam pada adalah akan ke juga oleh telah sebagai karena saya",
    "vi": "và của là có được trong cho không một các với những đã người này khi để từ đến tôi bạn nếu thế",
}
_WORDS = {code: frozenset(words.split()) for code, words in _FREQUENT.items()}


def guess(texts: Iterable[str]) -> str | None:
    """Returns the code of the language that texts look like; None where they are too few, or doubtful."""
    taken: list[str] = []
    length = 0
    for text in texts:
        taken.append(text[:ENOUGH_CHARACTERS])
        length += len(text)
        if length >= ENOUGH_CHARACTERS:
            break
    text = unicodedata.normalize("NFC", "\n".join(taken)).lower()
    letters = Counter({letter: count for letter, count in Counter(text).items() if letter.isalpha()})
    scripts: Counter[str] = Counter()
    for letter, count in letters.items():
        scripts[unicodedata.name(letter, "?").split()[0].split("-")[0]] += count
    kana = sum(scripts.pop(script, 0) for script in _KANA)
    japanese = kana > 0.05 * (kana + scripts["CJK"])
    scripts["CJK"] += kana
    others = Counter({script: count for script, count in scripts.items() if script in _BY_SCRIPT})
    if others.total() < max(_OTHER_SCRIPT * letters.total(), 1):
        return _of_words(re.findall(r"[^\W\d_]+", text))
    if letters.total() < _FEWEST_LETTERS:
        return None
    script = others.most_common(1)[0][0]
    return "ja" if script == "CJK" and japanese else _of_script(_BY_SCRIPT[script], letters)


def _of_script(usual: str, letters: Counter[str]) -> str:
    for code, telling in _TELLING.get(usual, ()):
        if sum(letters[letter] for letter in telling) >= _OFTEN_ENOUGH * letters.total():
            return code
    return usual


def _of_words(words: list[str]) -> str | None:
    if len(words) < _FEWEST_WORDS:
        return None
    counted = Counter(words)

    def count(frequent: frozenset[str]) -> int:
        return sum(counted[word] for word in frequent)

    first, second = sorted(_WORDS, key=lambda code: -count(_WORDS[code]))[:2]
    alone, other = count(_WORDS[first] - _WORDS[second]), count(_WORDS[second] - _WORDS[first])
    return first if count(_WORDS[first]) >= _LEAST_SHARE * len(words) and alone >= _LEAD * max(other, 1) else None
