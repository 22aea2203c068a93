"""A project's training script: what is refused and in which words, who uploaded it, and what comes back."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from genlab_widgets.errors import BadInput, BadTrainingScript, NotAllowed, NotFound, WorkspaceUnusable, WrongParameters
from genlab_widgets.projects import script_source
from genlab_widgets.projects.importing import import_project
from genlab_widgets.projects.scripts import Scripts
from genlab_widgets.workspace import Workspace
from tests.conftest import CHECKOUT
from tests.samples import write_export

HEAD = "def train(spark, rows, parameters, report):\n"
GOOD = HEAD + "    return rows\n"
OTHER = GOOD + "\n# another one\n"


def notebook(*cells: tuple[str, str] | str, **changes: Any) -> bytes:
    """Returns a notebook of code cells, each a source or a source with its tag."""
    listed = [cell if isinstance(cell, tuple) else (cell, "") for cell in cells]
    code = [
        {"cell_type": "code", "metadata": {"tags": [tag] if tag else []}, "source": source.splitlines(keepends=True)}
        for source, tag in listed
    ]
    text = {"cell_type": "markdown", "metadata": {}, "source": "# Ours"}
    return json.dumps({"cells": [text, *code], "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **changes}).encode()


NOTEBOOK = notebook(("epochs = 3\nrate = 0.1", "parameters"), "import json\n\n" + GOOD)


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    """The scripts of a project that has none yet."""
    return Scripts(tmp_path)


def refused(content: bytes | str, name: str = "mine.py") -> BadTrainingScript:
    with pytest.raises(BadTrainingScript) as caught:
        script_source.read(content.encode() if isinstance(content, str) else content, name)
    assert caught.value.next_step
    return caught.value


@pytest.mark.parametrize(
    ("content", "sentence", "line"),
    [
        ("", "declares no function train", None),
        ("x = 1\nclass A:\n" + HEAD.replace("def", "    def") + "        return 1\n", "at the top level", None),
        ("x = 1\n\nif x\n    pass\n", "Line 3: expected ':' (if x).", 3),
        ("x = 1\nreturn x\n", "Line 2: 'return' outside function", 2),
        ("\tx = 1\n", "Line 1: unexpected indent", 1),
        ("\n\ndef train(spark, rows):\n    return 1\n", "line 3: train lacks the parameters parameters, report.", 3),
        ("def train(spark, rows, /, parameters, report):\n    return 1\n", "lacks the parameters spark, rows", 1),
        ("def train(spark, rows, parameters, report, more):\n    return 1\n", "asks for more than it is given", 1),
        ("def train(spark, rows, parameters, report, *, more):\n    return 1\n", "nobody gives more a value", 1),
        ("async " + GOOD, "declared async", 1),
        (HEAD + "    pass\n", "train returns nothing", 1),
        (HEAD + "    if rows:\n        return\n", "train returns nothing", 1),
        (HEAD + "    def inner():\n        return 1\n    inner()\n", "train returns nothing", 1),
        (HEAD + "    yield 1\n    return 2\n", "line 2: train yields", 2),
        (GOOD + "\n" + HEAD + "    pass\n", "line 4: train returns nothing", 4),
        ("x = 1\n\0\n", "null bytes", None),
        (HEAD + "    return " + "(" * 5000 + ")" * 5000, "does not compile", None),
        (HEAD + "    return " + "-" * 50_000 + "1", "does not compile", None),
    ],
)
def test_a_script_is_refused_with_its_line(content: str, sentence: str, line: int | None) -> None:
    error = refused(content)
    assert sentence in str(error)
    assert line is None or error.details["line"] == line


def test_bytes_that_are_no_text_are_refused_with_their_line() -> None:
    error = refused(GOOD.encode() + b"name = 'M\xfcller'\n")
    assert "Line 3 holds the byte 0xfc" in error.why
    assert "UTF-8" in error.next_step


def test_a_script_that_is_too_large_is_refused(tmp_path: Path, scripts: Scripts) -> None:
    path = tmp_path / "large.py"
    path.write_text(GOOD + "#" * script_source.MAX_BYTES)
    with pytest.raises(BadTrainingScript, match="too large"):
        scripts.upload(path, None, "olga")
    assert scripts.present is None


@pytest.mark.parametrize(
    "content",
    [
        "def train(report, *, parameters, rows, spark, more=1):\n    return 1\n",
        "def train(**given):\n    return 1\n",
        "from __future__ import annotations\n\n" + GOOD,
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r\n"),
        "pattern = '\\d'\n" + GOOD,
        HEAD + "    for row in rows:\n        with row:\n            return row\n",
    ],
)
def test_other_ways_to_declare_it_are_taken(content: str, recwarn: pytest.WarningsRecorder) -> None:
    assert len(script_source.read(content.encode(), "mine.py")) == 1
    assert not recwarn.list


def test_a_script_does_not_run_when_it_is_checked(tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    script_source.read(f"open({str(trace)!r}, 'w')\n{GOOD}".encode(), "mine.py")
    assert not trace.exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'{"cells": [', "Line 1, column"),
        (b"[]", "not what Jupyter saves"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": 3}]}', "not what Jupyter saves"),
        (b'{"nbformat": 4, "cells": [1]}', "not what Jupyter saves"),
        (b'{"nbformat": ' + b"9" * 5000 + b', "cells": []}', "not what Jupyter saves"),
        (b"[" * 100_000, "not what Jupyter saves"),
        (notebook(), "has no code cell"),
        (notebook(GOOD, nbformat=3), "old format"),
        (notebook(GOOD), "no cell with the tag parameters"),
        (notebook(("epochs = 1", "parameters")), "declares no function train"),
        (notebook(("epochs = 1", "parameters"), "x = 1\n%matplotlib inline\n"), "Code cell 2, line 2: invalid syntax"),
        (
            notebook(("epochs = 1", "parameters"), "\n" + HEAD + "    pass"),
            "code cell 2, line 2: train returns nothing",
        ),
    ],
)
def test_a_notebook_is_refused_with_its_cell(content: bytes, sentence: str) -> None:
    assert sentence in str(refused(content, "mine.ipynb"))


def test_commands_of_the_notebook_are_named_as_what_they_are() -> None:
    error = refused(notebook(("epochs = 1", "parameters"), "!pip install x\n" + GOOD), "mine.ipynb")
    assert "begin with % or !" in error.next_step
    assert (error.details["cell"], error.details["line"]) == (2, 1)


def test_lines_of_a_notebook_are_found_again_in_its_text() -> None:
    cells = script_source.read(NOTEBOOK, "mine.ipynb")
    lines = script_source.joined(cells).split("\n")
    at = lines.index(HEAD.strip()) + 1
    assert script_source.cell_at(cells, at) == "code cell 2, line 3"
    names: dict[str, Any] = {}
    for cell in cells:
        exec(script_source.compiled(cell, "mine"), names)
    assert names["train"].__code__.co_firstlineno == at
    assert [cell.parameters for cell in cells] == [True, False]


def test_an_upload_is_stored_with_hash_author_and_time(scripts: Scripts, tmp_path: Path) -> None:
    path = tmp_path / "unser Skript (2).PY"
    path.write_bytes(GOOD.encode())
    script = scripts.upload(path, None, "olga")
    digest = hashlib.sha256(GOOD.encode()).hexdigest()
    assert (script.name, script.hash, script.author) == ("unser_Skript_2.py", digest, "olga")
    assert script.reference == f"unser_Skript_2.py@{digest[:12]}"
    assert script.uploaded_at.endswith("+00:00")
    assert scripts.present == script
    assert scripts.content(script) == GOOD.encode()


@pytest.mark.parametrize("name", ["mine.txt", "mine", "", ".py.exe", "mine.py/"])
def test_other_files_are_refused(scripts: Scripts, name: str) -> None:
    with pytest.raises(BadTrainingScript, match="script"):
        scripts.upload(GOOD.encode(), name, "olga")


@pytest.mark.parametrize("name", ["../../evil.py", "..\\evil.py", "/etc/evil.py", "evil@.py", "\x1b[31mevil.py"])
def test_a_name_never_leaves_the_folder(scripts: Scripts, name: str) -> None:
    script = scripts.upload(GOOD.encode(), name, "olga")
    assert script.name.removeprefix("31m") == "evil.py"
    assert len(list(scripts.folder.iterdir())) == 2


def test_a_missing_file_says_so(scripts: Scripts, tmp_path: Path) -> None:
    for path in (tmp_path / "none.py", tmp_path):
        with pytest.raises(BadTrainingScript, match="cannot be read|no training script"):
            scripts.upload(path, "mine.py" if path == tmp_path else None, "olga")


def test_earlier_scripts_stay_until_removed_and_in_the_history_after(scripts: Scripts) -> None:
    first, second = (scripts.upload(text.encode(), "mine.py", "olga") for text in (GOOD, OTHER))
    assert scripts.present == second
    assert scripts.usable() == scripts.history() == [second, first]
    assert scripts.find("mine.py") == second
    assert scripts.find(first.reference) == scripts.find(first.hash[:8]) == first
    assert scripts.upload(OTHER.encode(), "mine.py", "otto") == second  # the same again changes nothing

    scripts.remove("olga")
    assert scripts.present is None
    assert scripts.usable() == []
    assert scripts.history() == [second, first]
    assert scripts.cells(scripts.find(first.reference))[0].source == GOOD
    scripts.remove("olga")

    again = scripts.upload(GOOD.encode(), "mine.py", "otto")
    assert again.reference == first.reference
    assert scripts.usable() == [again]


@pytest.mark.parametrize(
    "wanted", ["none.py", "mine.py@000000000000", "other.py@{hash}", "{hash:.7}", "", "@", "mine.py@"]
)
def test_what_names_no_script_is_not_found(scripts: Scripts, wanted: str) -> None:
    script = scripts.upload(GOOD.encode(), "mine.py", "olga")
    with pytest.raises(NotFound, match=script.reference):
        scripts.find(wanted.format(hash=script.hash))


def test_a_script_that_was_changed_in_the_folder_does_not_run(scripts: Scripts) -> None:
    script = scripts.upload(GOOD.encode(), "mine.py", "olga")
    path = scripts.folder / f"{script.hash}.py"
    path.write_text(OTHER)
    with pytest.raises(BadInput, match="changed since it was uploaded"):
        scripts.content(script)
    path.unlink()
    with pytest.raises(BadInput, match="upload it again"):
        scripts.cells(script)


def test_a_damaged_record_is_named(scripts: Scripts) -> None:
    scripts.upload(GOOD.encode(), "mine.py", "olga")
    record = next(scripts.folder.glob("*.json"))
    for text in ("{", "[]", '{"change": "uploaded"}', "\udcff"):
        record.write_bytes(text.encode("utf-8", "surrogateescape"))
        with pytest.raises(BadInput, match=record.name):
            _ = scripts.present


def test_the_last_record_decides_also_when_the_clock_was_set_back(scripts: Scripts) -> None:
    scripts.upload(GOOD.encode(), "mine.py", "olga")
    record = next(scripts.folder.glob("*.json"))
    record.rename(record.with_name("29991231T235959.999999.json"))
    assert scripts.upload(OTHER.encode(), "mine.py", "olga") == scripts.present


def test_the_copy_of_a_run_is_the_upload(scripts: Scripts, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    scripts.copy(scripts.upload(NOTEBOOK, "mine.ipynb", "olga"), run)
    assert (run / "custom_script.ipynb").read_bytes() == NOTEBOOK
    assert HEAD in (run / "custom_script.py").read_text()
    scripts.copy(scripts.upload(GOOD.replace("\n", "\r\n").encode(), "mine.py", "olga"), run)
    assert (run / "custom_script.py").read_bytes() == GOOD.replace("\n", "\r\n").encode()


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "training_scripts").write_text("a file in its place")
    with pytest.raises(WorkspaceUnusable, match="cannot be written"):
        Scripts(tmp_path).upload(GOOD.encode(), "mine.py", "olga")


def test_another_import_keeps_the_script(home: Path, tmp_path: Path) -> None:
    export = write_export(tmp_path / "notes", tasks=12)
    script = Scripts(import_project(export, home).project.folder).upload(GOOD.encode(), "mine.py", "olga")
    assert Scripts(import_project(export, home).project.folder).present == script


def test_the_example_of_the_docs_is_taken(scripts: Scripts) -> None:
    assert scripts.upload(CHECKOUT / "docs" / "example_script.py", None, "olga").name == "example_script.py"


def test_only_an_owner_uploads_and_removes(home: Path, tmp_path: Path) -> None:
    Workspace(home, user="guest").import_project(write_export(tmp_path / "notes"))
    owner = Workspace(home, user="olga").project("notes")
    script = owner.upload_script(GOOD.encode(), "mine.py")
    assert script.author == "olga"
    for user in ("max", "noah", "rita"):
        other = Workspace(home, user=user).project("notes")
        for action in (lambda it: it.upload_script(OTHER.encode(), "mine.py"), lambda it: it.remove_script()):
            with pytest.raises(NotAllowed, match=f"{user} may not change the training script"):
                action(other)
        assert other.script == script
    Workspace(home, user="guest").project("notes").remove_script()
    assert owner.script is None
    assert owner.script_history == [script]


def test_the_form_is_offered_the_script_and_a_training_may_name_it(home: Path, tmp_path: Path) -> None:
    project = Workspace(home, user="guest").import_project(write_export(tmp_path / "notes")).project
    first = project.upload_script(GOOD.encode(), "mine.py")
    second = project.upload_script(OTHER.encode(), "mine.py")
    (offer,) = (offer for offer in project.offers() if offer.field == "custom_script")
    assert (offer.value, offer.enabled, offer.reason) == (second.reference, True, "")
    assert "guest" in offer.title
    assert project.spec(custom_script="mine.py").custom_script == second.reference
    assert project.check(custom_script=first.reference, embeddings="word2vec").ready  # a run of before, once more
    with pytest.raises(WrongParameters, match="no training script 'other.py'"):
        project.check(custom_script="other.py")
    with pytest.raises(WrongParameters, match="cannot train assertion|It trains NER"):
        project.check(custom_script="mine.py", kind="assertion").raise_if_not_ready()
    (project.folder / "training_scripts" / f"{second.hash}.py").write_text(GOOD)
    with pytest.raises(BadInput, match="changed since"):
        project.check(custom_script="mine.py")

    project.remove_script()
    with pytest.raises(WrongParameters, match="uploaded one"):
        project.check(custom_script=first.reference)
