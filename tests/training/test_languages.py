"""What the language of a project decides, and what holds in every language: sentences, tokens, offsets, embeddings."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest

from genlab_widgets import Workspace, cli
from genlab_widgets.errors import WrongParameters
from genlab_widgets.projects.importing import import_project
from genlab_widgets.projects.language import LANGUAGES as NAMED
from genlab_widgets.projects.language import chosen, code_of
from genlab_widgets.training import dataset, embeddings, tokens
from tests.languages import LANGUAGES, Language, example
from tests.samples import write_export

every_language = pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)


@pytest.fixture
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GENLAB_MINILM_FOLDER", raising=False)


def test_the_seven_languages_are_those_of_the_reference() -> None:
    assert [language.code for language in LANGUAGES] == list(NAMED)


@every_language
def test_sentences_end_where_a_reader_ends_them(language: Language) -> None:
    """Neither an abbreviation nor a decimal comma ends a sentence, and every quotation mark may begin one."""
    for number in range(12):
        made, bounds = example(language, number)
        assert [tuple(found) for found in tokens.sentences(made.text)] == bounds


@every_language
def test_marks_survive_the_way_to_tags_and_back(language: Language) -> None:
    made = [example(language, number)[0] for number in range(12)]
    sentences, report = dataset.build(made)
    assert (report.spans, report.aligned, report.problems) == (72, 72, [])
    for item in made:
        own = [sentence for sentence in sentences if sentence.task_id == item.task_id]
        spans = [span for sentence in own for span in dataset.spans_from_tags(sentence.tokens, sentence.tags)]
        assert tuple(spans) == dataset.cleaned(item).spans


@every_language
def test_compound_words_stay_whole_and_clitics_part_at_the_apostrophe(language: Language) -> None:
    text, expected = language.hard
    assert [token.text for token in tokens.tokenize(text)] == list(expected)
    decomposed = unicodedata.normalize("NFD", text)
    found = [token.text for token in tokens.tokenize(decomposed)]
    assert [unicodedata.normalize("NFC", word) for word in found] == list(expected)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Er nahm Eisen bzw. Zink. Es half.", 2),
        ("Prof. Weber, Univ. Ulm.", 1),
        ("Ein Dipl. Physiker. Und so fort.", 2),
        ("Ein Sog. Danach Ruhe.", 1),  # the price of the list: a rare word joins two sentences, and harms no mark
        ("Das war ein Konzertprof. Danach ging er.", 2),  # not the abbreviation, but a word that ends like it
        ("Äpfel usw. Danach Birnen.", 2),  # ends sentences, too
        ("¿Le duele? ¿Cuándo? ¡Ahora!", 3),
        ("Sie kam. „Gut so“, sagte er.", 2),
        ("Han kom. »Godt«, sagde hun.", 2),
        ("Lui venne. «Bene», disse.", 2),
        ("Disse «bene». Poi venne.", 2),
        ("Poi venne a Forli\u0300. Era tardi.", 2),  # an accent of its own before the full stop
    ],
)
def test_abbreviations_and_quotation_marks(text: str, sentences: int) -> None:
    assert len(tokens.sentences(text)) == sentences


@pytest.mark.usefixtures("_empty_cache")
@every_language
def test_hub_names_of_the_language_are_listed_as_needing_the_network(language: Language) -> None:
    listed = {choice.name: choice for choice in embeddings.catalogue(language.code)}
    own = [name for name, choice in listed.items() if name.startswith("hub:") and choice.language == language.code]
    expected = (
        ["glove_100d", "bert_base_cased", "bert_base_uncased"] if language.code == "en" else ["w2v_cc_300d"]
    )  # fmt: skip
    assert own == [f"hub:{name}/{language.code}" for name in expected]
    for name in [*own, "hub:bert_multi_cased/xx"]:
        assert listed[name].needs_network
        assert listed[name].available
        assert embeddings.known_dimension(name, language.code) == listed[name].dimension
    assert listed["hub:NAME"].needs_network
    assert not listed["word2vec"].needs_network


@pytest.mark.usefixtures("_empty_cache")
@every_language
def test_automatic_is_word2vec_outside_english(language: Language) -> None:
    expected = "minilm" if language.code == "en" else "word2vec"
    assert embeddings.choose_automatic(language.code) == expected
    listed = {choice.name: choice for choice in embeddings.catalogue(language.code)}
    assert listed["automatic"].dimension == listed[expected].dimension
    assert bool(listed["minilm"].reason) == (language.code != "en")


@pytest.mark.parametrize(
    ("written", "code"),
    [("de", "de"), ("DE", "de"), ("pt-BR", "pt"), ("de_AT", "de"), (" Danish ", "da"), ("ces", "ces"), ("Suomi", "suomi")],
)  # fmt: skip
def test_however_a_language_is_written(written: str, code: str) -> None:
    assert code_of(written) == code


@pytest.mark.parametrize("written", ["", "Suomi", "d", "12", "de;rm", "Ελ"])
def test_what_is_no_language_is_said(written: str) -> None:
    with pytest.raises(WrongParameters, match="is no language") as caught:
        chosen(written)
    assert "ro (Romanian)" in caught.value.next_step


def test_the_language_comes_from_the_export(home: Path, tmp_path: Path) -> None:
    assert import_project(write_export(tmp_path / "notes", tasks=2), home).project.language == "en"
    german = write_export(tmp_path / "notizen", tasks=2, language="de-DE")
    assert import_project(german, home).project.language == "de"
    named = write_export(tmp_path / "noter", tasks=2, language="Danish")
    project = import_project(named, home).project
    assert project.language == "da"
    assert json.loads((project.folder / "project.json").read_text())["language"] == "Danish"  # kept as exported


def test_the_language_can_be_set_and_stays(home: Path, tmp_path: Path) -> None:
    workspace, export = Workspace(home), write_export(tmp_path / "notes", tasks=2)
    project = workspace.import_project(export, language="pt-BR").project
    assert project.language == "pt"
    assert project.embeddings()[0].title.startswith("Automatic: word2vec")
    assert "hub:w2v_cc_300d/pt" in [choice.name for choice in project.embeddings()]
    assert workspace.import_project(export).project.language == "pt"  # an export without one does not take it away
    assert workspace.import_project(export, language="English").project.language == "en"
    named = write_export(tmp_path / "other", tasks=2, name="notes", language="ro")
    assert workspace.import_project(named).project.language == "ro"
    assert workspace.import_project(named, language="it").project.language == "it"  # who imports counts more


def test_a_damaged_earlier_import_is_replaced_all_the_same(home: Path, tmp_path: Path) -> None:
    export = write_export(tmp_path / "notes", tasks=2)
    project = import_project(export, home, language="de").project
    (project.folder / "project.json").write_text("{")
    assert import_project(export, home).project.language == "en"


def test_the_command_line_sets_it(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export = write_export(tmp_path / "notes", tasks=2)
    assert cli._run(["import", str(export), "--language", "klingon"]) == WrongParameters.exit_code
    assert "'klingon' is no language." in capsys.readouterr().err
    assert not (home / "projects").exists()
    assert cli._run(["import", str(export), "--language", "de", "--json"]) == 0
    capsys.readouterr()
    assert cli._run(["projects", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["language"] == "de"
