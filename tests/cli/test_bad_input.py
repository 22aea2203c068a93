"""Bad input gets one clear sentence with the next step, and nothing already stored is lost or half-written."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from genlab_widgets.workspace import Project
from tests.samples import CONFIG, task, text_of, write_export

if TYPE_CHECKING:
    from tests.cli.conftest import Genlab

WORD2VEC = ("--embeddings", "word2vec")
HEAD = '<View>\n  <Text name="text" value="$text"/>\n'
CONFIGS = {
    "not closed": (
        HEAD + '  <Choices name="age" toName="text">\n    <Choice value="Child"/>\n</View>',
        *(3, 3, "<Choices> is never closed"),
    ),
    "several not closed": (
        HEAD + '<Choices name="a" toName="text">\n<Choices name="b" toName="text">\n<Choice value="x"/>\n',
        *(4, 1, "<Choices> is never closed"),
    ),
    "not well-formed": ('<View>\n  <Label value="A" value="B"/>\n</View>', 2, 29, "Attribute value redefined"),
    "entity expansion": (
        '<?xml version="1.0"?>\n<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;">]>\n<View>&c;</View>',
        *(2, 1, "DOCTYPE"),
    ),
    "external entity": ('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>\n<View>&b;</View>', 1, 1, "DOCTYPE"),
}
RESULTS = {
    "cut short": ('[{"id": 1, "data": {"text": "a"}},\n {"id": 2, "data"', 2, "Line 2, column "),
    "no list": ('{"tasks": 3}', None, "is not a list of tasks"),
    "no tasks": ("[]", None, "holds no tasks"),
    "not JSON": ("id,text\n1,hello\n", 1, "Line 1, column 1"),
}


def stored(project: Project) -> dict[str, bytes]:
    root = project.folder.parent
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def refused(genlab: Genlab, project: Project, *arguments: object, code: int, sentence: str) -> dict[str, object]:
    """Asserts that a command fails with cause and next step and changes nothing; returns the error's details."""
    before = stored(project)
    answer = genlab(*arguments, "--json")
    error = answer.json["error"]
    assert answer.code == code
    assert sentence in f"{error['what']} {error['why']}"
    assert error["next_step"]
    assert (
        answer.err == f"Error: {' '.join(part for part in (error['what'], error['why'], error['next_step']) if part)}\n"
    )
    assert genlab(*arguments).out == "", "nothing but the error, on stderr"
    assert stored(project) == before
    assert genlab("runs", "--json").json == []
    details: dict[str, object] = error["details"]
    return details


@pytest.mark.parametrize(("config", "line", "column", "sentence"), CONFIGS.values(), ids=CONFIGS)
def test_a_broken_labeling_config(
    genlab: Genlab, project: Project, tmp_path: Path, config: str, line: int, column: int, sentence: str
) -> None:
    export = write_export(tmp_path / "bad", name="notes", config=config)
    details = refused(genlab, project, "import", export, code=3, sentence=sentence)
    assert details == {"line": line, "column": column}


@pytest.mark.parametrize(("content", "line", "sentence"), RESULTS.values(), ids=RESULTS)
def test_broken_tasks(
    genlab: Genlab, project: Project, tmp_path: Path, content: str, line: int | None, sentence: str
) -> None:
    export = write_export(tmp_path / "bad", name="notes")
    (export / "result.json").write_text(content, encoding="utf-8")
    details = refused(genlab, project, "import", export, code=3, sentence=sentence)
    assert details.get("line") == line


def test_a_task_of_a_wrong_shape_is_named(genlab: Genlab, project: Project, tmp_path: Path) -> None:
    export = write_export(tmp_path / "bad", name="notes", tasks=[task(1), task(7, data=["no object"])])
    assert refused(genlab, project, "import", export, code=3, sentence="Task 7 cannot be read")["task_id"] == 7


@pytest.mark.parametrize("entry", ["../outside.json", "/etc/outside.json", "a/../../outside.json"])
def test_a_zip_that_leads_outside(genlab: Genlab, project: Project, tmp_path: Path, entry: str) -> None:
    archive = tmp_path / "bad.zip"
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("result.json", "[]")
        out.writestr(entry, "[]")
    refused(genlab, project, "import", archive, code=3, sentence="leads outside the archive's folder")
    assert not list(tmp_path.rglob("outside.json"))


def test_what_is_no_export(genlab: Genlab, project: Project, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.zip").write_text("no zip")
    refused(genlab, project, "import", tmp_path / "empty", code=3, sentence="is not an export")
    refused(genlab, project, "import", tmp_path / "text.zip", code=3, sentence="cannot be imported")
    refused(genlab, project, "import", tmp_path / "nowhere", code=3, sentence="does not exist")


def test_an_export_that_was_not_imported(genlab: Genlab, project: Project, tmp_path: Path) -> None:
    export = write_export(tmp_path / "new one")
    refused(genlab, project, "train", export, *WORD2VEC, code=4, sentence="is not a project")
    assert f"genlab import '{export}'" in genlab("train", export).err


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        (("--epochs", "0"), 2, "epochs: "),
        (("--learning-rate", "2"), 2, "learning_rate: "),
        (("--learning-rate", "nan"), 2, "learning_rate: "),
        (("--dropout", "1"), 2, "dropout: "),
        (("--batch-size", "-4"), 2, "batch_size: "),
        (("--validation-split", "1.5"), 2, "validation_split: "),
        (("--seed", "-1"), 2, "seed: "),
        (("--epochs", "1e3"), 2, "not a valid integer"),
        (("--kind", "sentiment"), 2, "sentiment"),
        (("--kind", "classification"), 2, "no Choices"),
        (("--kind", "visual_ner"), 2, "Visual NER cannot be trained here"),
        (("--head", "logistic_regression"), 2, "belongs to classification"),
        (("--architecture", "fine_tuned", "--embeddings", "word2vec"), 2, "cannot be fine-tuned"),
        (("--use-gpu",), 2, "No GPU found"),
        (("--custom-script", "mine.py"), 2, "has uploaded one"),
        (("--library", "healthcare"), 5, 'scope "healthcare: training"'),
        (("--test-train-tags", "--tags", "Test"), 2, "tags cannot name Test or Train"),
        (("--embeddings", "none_of_these"), 2, "no embeddings called none_of_these"),
        (("--embeddings", "vectors:/nowhere.txt"), 4, "/nowhere.txt"),
    ],
)
@pytest.mark.parametrize("command", ["train", "check"])
def test_parameters_that_cannot_be(
    genlab: Genlab, project: Project, command: str, options: tuple[str, ...], code: int, sentence: str
) -> None:
    refused(genlab, project, command, "notes", *options, code=code, sentence=sentence)


@pytest.mark.parametrize(
    ("tasks", "config", "sentence"),
    [
        ([task(number, completions=[]) for number in range(1, 9)], CONFIG, "None of the 8 tasks can be used"),
        ([task(number, data={"text": "\n"}) for number in range(1, 9)], CONFIG, "None of the 8 tasks can be used"),
        ([task(number) for number in range(1, 61)], CONFIG.replace(' assertion="true"', ""), "absent has no example"),
    ],
    ids=["no usable completion", "empty texts", "a label without examples"],
)
def test_completions_that_do_not_suffice(
    genlab: Genlab, project: Project, tmp_path: Path, tasks: list[object], config: str, sentence: str
) -> None:
    assert genlab("import", write_export(tmp_path / "few", tasks=tasks, config=config)).code == 0
    refused(genlab, project, "train", "few", *WORD2VEC, code=3, sentence=sentence)
    checked = genlab("check", "few", *WORD2VEC)
    assert checked.code == 3
    assert sentence in checked.out


def test_spans_past_the_end_of_the_text_are_named_and_do_not_train(genlab: Genlab, tmp_path: Path) -> None:
    broken = task(61)
    broken["completions"][0]["result"][0]["value"] |= {"start": 10, "end": 4_000}
    answer = genlab("import", write_export(tmp_path / "spans", tasks=[*map(task, range(1, 61)), broken]))
    assert answer.code == 0
    assert (
        f"Task 61, completion 61: the span 10-4000 lies outside the text ({len(text_of(61)[0])} characters)."
        in answer.err
    )
    checked = genlab("check", "spans", *WORD2VEC)
    assert checked.code == 0
    assert "1 of 122 spans" in checked.out


def test_any_writing_is_welcome(genlab: Genlab, tmp_path: Path) -> None:
    tasks = []
    for number in range(1, 61):
        text = f"👩‍⚕️ 患者{number}は アスピリン {number}mg を服用 🎉"
        start = text.index("アスピリン")
        value = {"start": start, "end": start + 5, "text": "アスピリン", "labels": ["薬"]}
        region = {"id": f"r{number}", "from_name": "label", "to_name": "text", "type": "labels", "value": value}
        completion = {"id": number, "created_username": "noah", "submitted_at": "2026-01-02", "result": [region]}
        tasks.append({"id": number, "data": {"text": text}, "completions": [completion]})
    config = (
        '<View><Labels name="label" toName="text"><Label value="薬"/></Labels><Text name="text" value="$text"/></View>'
    )
    answer = genlab("import", write_export(tmp_path / "japanese", tasks=tasks, config=config, language="ja"))
    assert (answer.code, answer.err) == (0, "")
    checked = genlab("check", "japanese", *WORD2VEC)
    assert checked.code == 0, checked.out
    assert "薬" in checked.out


def test_a_workspace_that_cannot_be_written(genlab: Genlab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in place of the folder: refused for root too, unlike missing permissions."""
    export = write_export(tmp_path / "notes")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GENLAB_HOME", str(tmp_path / "file"))
    for arguments in (("import", export), ("runs",), ("models",), ("demo",)):
        answer = genlab(*arguments)
        assert answer.code == 5, arguments
        assert "GENLAB_HOME" in answer.err
        assert "Traceback" not in answer.err
    assert (tmp_path / "file").read_text() == ""
