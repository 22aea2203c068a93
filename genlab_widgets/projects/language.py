"""The language of a project's texts: one code, whatever an export or a person writes for it."""

from __future__ import annotations

import re

from genlab_widgets.errors import WrongParameters

DEFAULT = "en"
LANGUAGES = {
    "en": "English",
    "de": "German",
    "es": "Spanish",
    "pt": "Portuguese",
    "it": "Italian",
    "da": "Danish",
    "ro": "Romanian",
}
"""The languages that the reference documentation names, by ISO 639-1 code. Any other code can be used, too."""
_NAMES = {
    **LANGUAGES,
    **{"fr": "French", "nl": "Dutch", "pl": "Polish", "sv": "Swedish", "no": "Norwegian", "fi": "Finnish"},
    **{"cs": "Czech", "hu": "Hungarian", "tr": "Turkish", "id": "Indonesian", "vi": "Vietnamese", "el": "Greek"},
    **{"ru": "Russian", "uk": "Ukrainian", "bg": "Bulgarian", "sr": "Serbian", "ka": "Georgian", "hy": "Armenian"},
    **{"ar": "Arabic", "fa": "Persian", "ur": "Urdu", "he": "Hebrew", "hi": "Hindi", "bn": "Bengali", "ta": "Tamil"},
    **{"te": "Telugu", "th": "Thai", "zh": "Chinese", "ja": "Japanese", "ko": "Korean", "am": "Amharic"},
}
"""Names of these and of others that an import may find in the texts."""
GUESSED = "language_guessed"
"""Key of ``project.json``: nobody told the language, so the import took the one that its texts look like."""
_CODES = {name.lower(): code for code, name in _NAMES.items()}


NOT_TOLD = "No language was told, and the texts do not show it: English is assumed. Else: genlab import --language."


def told_of_guess(code: str) -> str:
    """Returns the sentence that tells people of a language that the import took."""
    return f"No language was told; the texts look {name_of(code)}, so {code} is taken. Else: genlab import --language."


def code_of(language: str) -> str:
    """Returns the code of a language: ``de`` for ``de``, ``DE``, ``de-AT``, ``de_DE`` and ``German``.

    A word that is neither comes back as it is, in lower case: it is no English, whatever it is.
    """
    plain = language.strip().lower()
    return _CODES.get(plain) or re.split("[-_]", plain, maxsplit=1)[0]


def name_of(code: str) -> str:
    """Returns the English name of a language; a code that is not known stays as it is."""
    return _NAMES.get(code, code)


def chosen(language: str) -> str:
    """Returns the code of a language that somebody chose.

    Raises:
        WrongParameters: It is no code (ISO 639) and no name of :data:`LANGUAGES`.
    """
    code = code_of(language)
    if re.fullmatch("[a-z]{2,3}", code):
        return code
    listed = ", ".join(f"{code} ({name})" for code, name in LANGUAGES.items())
    raise WrongParameters(
        f"{language!r} is no language.",
        "A language is given by its code of two letters (ISO 639-1).",
        f"Use one of {listed}, or the code of another one.",
        fields={"language": "A code of two letters, as in ISO 639-1."},
    )
