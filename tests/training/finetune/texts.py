"""Texts that are hard on offsets: emoji, accents, joiners, scripts, blanks, very long sentences."""

from __future__ import annotations

import random

from tests.training.finetune.samples import WORDS

HARD = (
    *(
        "😀",
        "👩‍👩‍👧",
        "❤️",
        "🇩🇪",
        "é",
        "e\u0301",
        "naïve",
        "Ångström",
        "İstanbul",
        "ΟΔΟΣ",
        "straße",
        "中国",
        "한국",
        "हिन्दी",
    ),
    *(
        "東京でﾃﾞｰﾀ々〇",
        "𠮷野家\U000e0100へ",
        "か\u3099っこう。ああ",
        "ผู้ป่วยกินยา๕มก",
        "ກິນຢາ",
        "កម្ពុជា។",
        "မြန်မာ။",
        "བོད་པའི",
        "MRI検査2024年ＡＢ",
    ),
    *(
        "don't",
        "A.B.C.",
        "x\u00ady",
        "a\u200db",
        "a_b",
        "foo@bar.com",
        "http://t.co/Zz9",
        "#tag",
        "…",
        "“q”",
        "¿que?",
        "3.14",
        "\ufffd",
    ),
    *(
        "Bank",
        "BANK",
        "bAnK",
        "Riverbank",
        "oldest",
        "x" * 201,
        "Y" * 60,
        "\u00a0",
        "\t",
        "  ",
        "1st",
        "x²",
        "①",
        "!\ufe0f",
    ),
)
"""Pieces of text; Spark NLP and Python must cut each of them alike."""


def hard_texts(count: int, seed: int = 11) -> list[str]:
    """Makes texts of words and hard pieces; every eighth one has a sentence far beyond what an encoder sees."""
    chance = random.Random(seed)
    found = []
    for place in range(count):
        length = chance.randint(150, 500) if place % 8 == 7 else chance.randint(1, 40)
        parts = [chance.choice(HARD if chance.random() < 0.25 else WORDS) for _ in range(length)]
        if place % 8 != 7:
            parts = [part + chance.choice(("", "", "", ".", "!", ". Old", "\n", ",")) for part in parts]
        found.append(" ".join(part.title() if chance.random() < 0.1 else part for part in parts))
    return found
