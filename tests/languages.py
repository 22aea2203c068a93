"""Small generated texts in the seven languages of the reference documentation, with marked medicines and doses.

The sentences are put together from lists of words; they have what breaks offsets in each language: compound words,
clitics, marks above and below letters, abbreviations with a full stop, decimal commas, and its own quotation marks.
"""

from __future__ import annotations

import random
import unicodedata
from typing import NamedTuple

from genlab_widgets.training.dataset import Example, Span


class Language(NamedTuple):
    """Patterns of sentences: ``{who}``, ``{drug}`` and ``{dose}`` are filled in, and what is filled in is marked.

    Attributes:
        code: ISO 639-1.
        whole: Sentences, each of which is exactly one.
        who: People, written with their titles.
        drugs: Medicines.
        doses: Amounts with the unit.
        hard: A text and its tokens.
    """

    code: str
    whole: tuple[str, ...]
    who: tuple[str, ...]
    drugs: tuple[str, ...]
    doses: tuple[str, ...]
    hard: tuple[str, tuple[str, ...]]


LANGUAGES = (
    Language(
        "en",
        (
            "{who} didn't stop {drug}, although {dose} was the mother-in-law's dose.",
            "“Take {dose} of {drug}”, said {who} at 5 p.m. to the patient.",
        ),
        ("Prof. Dr. O'Neill", "Capt. Brontë", "Dr. Smith-Jones"),
        ("St. John's wort", "naïvadol", "co-codamol"),
        ("2.5 mg", "½ tablet", "1,000 µg"),
        ("didn't 2.5mg naïve", ("didn", "'", "t", "2", ".", "5mg", "naïve")),
    ),
    Language(
        "de",
        (
            "{who} gab bzw. Anna erhielt {drug} zu {dose} wegen der Herzrhythmusstörungen.",
            "„Nehmen Sie {dose}“, sagte {who}, „inkl. Wasser und {drug}“.",
        ),
        ("Prof. Dr. Müller", "Dipl. Ing. Groß-Schütz", "Oberärztin Özgür"),
        ("Blutdrucksenkertablette", "Weißdornöl", "Acetylsalicylsäure"),
        ("2,5 mg", "1.000 µg", "½ Fläschchen"),
        ("Straßen-Übergröße 2,5mg", ("Straßen", "-", "Übergröße", "2", ",", "5mg")),
    ),
    Language(
        "es",
        (
            "¿Tomó {who} la dosis de {dose} del {drug} según la pág. 3 del libro?",
            "¡El prof. Núñez dio {drug} (aprox. {dose}) y dígaselo a {who}!",
        ),
        ("la Dra. Muñoz", "Ibáñez", "D.ª Begoña"),
        ("paracetamol", "ácido fólico", "champú antipiojos"),
        ("2,5 mg", "½ comprimido", "1.000 µg"),
        ("¿dígaselo? 2,5mg", ("¿", "dígaselo", "?", "2", ",", "5mg")),
    ),
    Language(
        "pt",
        (
            "{who} deu-lhe {drug} à noite, aprox. {dose}, e não houve reação.",
            "«Dar-se-á {dose} de {drug}», disse a Exma. Senhora com {who}.",
        ),
        ("a Profa. Conceição", "o Sr. João", "a avó Inês"),
        ("ácido acetilsalicílico", "guarda-chuvina", "pãozol"),
        ("2,5 mg", "1.000 µg", "½ comprimido"),
        ("deu-lhe à mãe 2,5mg", ("deu", "-", "lhe", "à", "mãe", "2", ",", "5mg")),
    ),
    Language(
        "it",
        (
            "{who} prescrive {drug} nell'acqua, cioè {dose}, perché l'ha chiesto.",
            "«C’è {dose} d’olio e dell’{drug}», scrive il dott. Rossi con {who}.",
        ),
        ("Prof. D'Angelo", "la dott.ssa Nicolò", "l'infermiera"),
        ("aspirina", "antinfiammatorio", "echinacea"),
        ("2,5 mg", "1.000 µg", "mezza fiala"),
        ("dell'acqua l’ho 2,5mg", ("dell", "'", "acqua", "l", "’", "ho", "2", ",", "5mg")),
    ),
    Language(
        "da",
        (
            "{who} gav f.eks. Panodil og {drug} på {dose} før blodprøvetagningen.",
            "»Tag {dose} ad gangen«, sagde {who}, »evt. Saltvand og {drug}«.",
        ),
        ("Prof. Søndergård", "overlæge Ærø", "fru Åse"),
        ("hjertemagnyl", "æbleeddikesaft", "øjendråber"),
        ("2,5 mg", "1.000 µg", "½ pille"),
        ("blodprøve på 2,5mg", ("blodprøve", "på", "2", ",", "5mg")),
    ),
    Language(
        "ro",
        (
            "{who} i-a dat {drug} într-o zi, cca. {dose}, și s-a simțit bine.",
            "„Luați {dose} de {drug}”, le-a spus {who} dvs. Așa și tuturor.",
        ),
        ("Conf. Dr. Țîrlea", "prof. Ștefănescu", "d-na Brâncuși"),
        ("algocalmină", "ceai de mușețel", "acid acetilsalicilic"),
        ("2,5 mg", "1.000 µg", "jumătate de fiolă"),
        ("i-a dat într-o fiolă", ("i", "-", "a", "dat", "într", "-", "o", "fiolă")),
    ),
)
"""The languages in the order of the reference documentation."""


def sentence(language: Language, generator: random.Random, pattern: int) -> tuple[str, list[tuple[int, int, str]]]:
    """Returns a sentence with the places of its DRUG and DOSE."""
    text, spans = language.whole[pattern], list[tuple[int, int, str]]()
    text = text.replace("{who}", generator.choice(language.who))
    text = text[0].upper() + text[1:]
    filled = {
        "{drug}": ("DRUG", generator.choice(language.drugs)),
        "{dose}": ("DOSE", generator.choice(language.doses)),
    }
    for place in sorted(filled, key=text.index):
        label, word = filled[place]
        start = text.index(place)
        text = text.replace(place, word)
        spans.append((start, start + len(word), label))
    return text, spans


def example(language: Language, task_id: int) -> tuple[Example, list[tuple[int, int]]]:
    """Returns a text of three sentences with its marks, and the bounds of the sentences.

    The emoji in front makes UTF-16 units and code points differ; every third text has its accents as marks of
    their own (NFD).
    """
    generator = random.Random(f"{language.code} {task_id}")
    text, spans, bounds = "\U0001f600 ", list[Span](), list[tuple[int, int]]()
    for number in range(3):
        made, found = sentence(language, generator, (task_id + number) % 2)
        start = len(text) if number else 0
        spans += [Span(len(text) + first, len(text) + last, label) for first, last, label in found]
        text += made
        bounds.append((start, len(text)))
        text += " "
    if task_id % 3 == 2:
        return _decomposed(text, spans, bounds, task_id)
    return Example(task_id, text, tuple(spans)), bounds


def _decomposed(
    text: str, spans: list[Span], bounds: list[tuple[int, int]], task_id: int
) -> tuple[Example, list[tuple[int, int]]]:
    """Writes accents as marks of their own; the places move with them."""
    places = [0]
    for letter in text:
        places.append(places[-1] + len(unicodedata.normalize("NFD", letter)))
    moved = tuple(Span(places[span.start], places[span.end], span.label) for span in spans)
    written = unicodedata.normalize("NFD", text)
    return Example(task_id, written, moved), [(places[start], places[end]) for start, end in bounds]
