"""What Setup and Deploy changed survives the next import, and what does not is said."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from genlab_widgets.errors import Conflict
from genlab_widgets.projects import reimport
from genlab_widgets.projects.importing import ImportReport, import_project
from genlab_widgets.projects.labeling_config import Covered, LabelingConfig
from genlab_widgets.projects.members import Members
from genlab_widgets.projects.reimport import EXPORTED
from genlab_widgets.projects.store import ABOUT, REPLACED, Project, list_projects, open_project
from tests.samples import CONFIG, MEMBERS, imported, task, write_export

SET_HERE = Members(("rita", "olga"), {"rita": "Manager", "olga": "Project Owner"})
WITH_TOPIC = CONFIG.replace(
    "</View>",
    '<Choices name="topic" toName="text"><Choice value="a"/><Choice value="b" model="hub"/></Choices></View>',
)


def again(home: Path, export: Path, **options: Any) -> ImportReport:
    report = import_project(export, home, language="en", **options)
    assert report.replaced
    assert report.warning_count == len(report.warnings)
    return report


def without_about(folder: Path) -> Path:
    (folder / ABOUT).unlink()
    return folder


def deploy(project: Project, models: dict[str, str | None], part: Covered | None = None) -> LabelingConfig:
    before = project.labeling_config
    project.save_config(before.with_models(models, part), before)
    return project.labeling_config


def test_an_export_without_members_leaves_those_of_setup(home: Path, tmp_path: Path) -> None:
    project = imported(home, write_export(tmp_path / "notes", tasks=3))
    project.save_members(SET_HERE, project.members)
    deployed = deploy(project, {"DRUG": "ner_notes_annotation_manual"})
    export = without_about(write_export(tmp_path / "new" / "notes", tasks=5))
    for _ in range(2):
        report = again(home, export)
        found = open_project(home, "notes")
        assert (found.members, found.task_count) == (SET_HERE, 5)
        assert found.labeling_config.source == deployed.source
        assert report.warnings == [
            "The labeling config stays as it was set here: the export's has not changed.",
            "The export names no members: the project keeps those that it has.",
        ]


def test_members_that_the_export_did_not_change_stay_as_they_were_set(home: Path, tmp_path: Path) -> None:
    project = imported(home, write_export(tmp_path / "notes", tasks=3))
    project.save_members(SET_HERE, project.members)
    report = again(home, write_export(tmp_path / "new", tasks=5, name="notes"))
    assert open_project(home, "notes").members == SET_HERE
    assert report.warnings == ["The members stay as they were set here: the export's have not changed."]


def test_members_that_the_export_changed_are_taken_and_it_is_said(home: Path, tmp_path: Path) -> None:
    project = imported(home, write_export(tmp_path / "notes", tasks=3))
    project.save_members(SET_HERE, project.members)
    report = again(home, write_export(tmp_path / "new", tasks=5, name="notes", members=MEMBERS[:2]))
    assert open_project(home, "notes").members == Members.read(MEMBERS[:2])
    assert report.warnings == ["The members are the export's now: names, order or roles were others before."]


def test_nothing_is_said_where_nothing_was_changed_here(home: Path, tmp_path: Path) -> None:
    export = write_export(tmp_path / "notes", tasks=3)
    imported(home, export)
    assert again(home, export).warnings == []


def test_a_changed_config_goes_on_naming_the_models_that_were_deployed_here(home: Path, tmp_path: Path) -> None:
    project = imported(home, write_export(tmp_path / "notes", tasks=3, config=WITH_TOPIC))
    deploy(project, {"DRUG": "ner_mine", "DOSE": "ner_mine"}, Covered("entities"))
    deploy(project, {"absent": "assertion_mine"}, Covered("assertion"))
    before = deploy(project, {"a": "classification_topic", "b": None}, Covered("choices", "topic"))
    changed = WITH_TOPIC.replace('value="DOSE"', 'value="AMOUNT"').replace("assertion_old", "assertion_new")
    report = again(home, write_export(tmp_path / "new", tasks=5, name="notes", config=changed))
    found = open_project(home, "notes")
    assert found.labeling_config.all_named() == [
        ("DRUG", "ner_mine"), ("AMOUNT", None), ("absent", "assertion_mine"), ("a", "classification_topic"), ("b", None)
    ]  # fmt: skip
    assert found.config_history()[-1].read_bytes() == before.source
    assert report.warnings == [
        "DRUG keeps the model ner_mine that was deployed here.",
        "DOSE named the model ner_mine and is not in the labeling config any more.",
        "absent keeps the model assertion_mine that was deployed here; the export names assertion_new.",
        "a keeps the model classification_topic that was deployed here.",
        "b keeps naming no model, as it was set here; the export names hub.",
        "The labeling config is the export's now; the one before it is kept in config_history.",
    ]
    third = write_export(tmp_path / "third", tasks=5, name="notes", config=changed.replace("hotkey", "title"))
    again(home, third)
    assert dict(open_project(home, "notes").labeling_config.all_named())["absent"] == "assertion_mine"


def test_a_model_that_only_the_export_changed_is_taken(home: Path, tmp_path: Path) -> None:
    imported(home, write_export(tmp_path / "notes", tasks=3))
    newer = CONFIG.replace("assertion_old", "assertion_new")
    report = again(home, write_export(tmp_path / "new", tasks=3, name="notes", config=newer))
    assert open_project(home, "notes").config_source == newer.encode()
    assert report.warnings == ["The labeling config is the export's now; the one before it is kept in config_history."]


def test_an_import_of_before_keeps_its_models_too(home: Path, tmp_path: Path) -> None:
    """Nobody wrote down what its export had brought."""
    project = imported(home, write_export(tmp_path / "notes", tasks=3))
    deploy(project, {"DRUG": "ner_mine"})
    about = {key: value for key, value in project.about.items() if key != EXPORTED}
    (project.folder / ABOUT).write_text(json.dumps(about))
    again(home, write_export(tmp_path / "new", tasks=5, name="notes"))
    assert dict(open_project(home, "notes").labeling_config.all_named())["DRUG"] == "ner_mine"


def test_a_config_that_somebody_broke_is_replaced(home: Path, tmp_path: Path) -> None:
    export = write_export(tmp_path / "notes", tasks=3)
    project = imported(home, export)
    (project.folder / "config.xml").write_text("<View>")
    again(home, export)
    assert open_project(home, "notes").config_source == CONFIG.encode()


def test_what_is_deployed_while_the_export_is_read_is_not_lost(home: Path, tmp_path: Path) -> None:
    project = imported(home, write_export(tmp_path / "notes", tasks=3))
    told: list[int] = []

    def meanwhile(tasks: int) -> None:
        if not told:
            deploy(project, {"DRUG": "ner_mine"})
        told.append(tasks)

    newer = write_export(tmp_path / "new", tasks=150, name="notes")
    with pytest.raises(Conflict, match="was changed while"):
        import_project(newer, home, progress=meanwhile)
    assert open_project(home, "notes").task_count == 3
    assert [path.name for path in (home / "projects").iterdir()] == ["notes"]
    again(home, newer)
    assert dict(open_project(home, "notes").labeling_config.all_named())["DRUG"] == "ner_mine"


def test_somebody_who_recovers_between_the_two_renames_does_not_break_the_import(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every look at the workspace recovers what seems to be cut off: a page's tick, a run that opens its project."""
    imported(home, write_export(tmp_path / "notes", tasks=3))
    rename = Path.rename
    seen: list[int] = []

    def looked_at(path: Path, target: Path) -> Path:
        done = rename(path, target)
        if target.name.startswith(REPLACED) and not seen:
            seen.extend(project.task_count for project in list_projects(home))
        return done

    monkeypatch.setattr(Path, "rename", looked_at)
    monkeypatch.setattr(reimport, "_exchange", lambda *_: False)  # as on a file system that cannot exchange folders
    again(home, write_export(tmp_path / "new", tasks=5, name="notes"))
    assert seen == [3]
    assert open_project(home, "notes").task_count == 5
    assert [path.name for path in (home / "projects").iterdir()] == ["notes"]


def test_a_run_that_reads_a_project_reads_one_import_to_its_end(home: Path, tmp_path: Path) -> None:
    project = imported(home, write_export(tmp_path / "notes", tasks=200))
    reading = project.tasks()
    first = next(reading)
    again(home, write_export(tmp_path / "new", tasks=[task(number) for number in range(900, 903)], name="notes"))
    assert [item.id for item in (first, *reading)] == list(range(1, 201))
    assert [item.id for item in project.tasks()] == [900, 901, 902]


@pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="the system cannot exchange folders in one step")
def test_whoever_opens_a_project_finds_it_while_it_is_imported_again(home: Path, tmp_path: Path) -> None:
    exports = [write_export(tmp_path / str(count), tasks=count, name="notes") for count in (3, 5)]
    imported(home, exports[0])
    over, failed, opened = threading.Event(), [], set()

    def read() -> None:
        while not over.is_set():
            try:
                opened.add(len(list(open_project(home, "notes").tasks())))
            except Exception as error:
                failed.append(repr(error))

    reader = threading.Thread(target=read)
    reader.start()
    for place in range(60):
        import_project(exports[place % 2], home)
    over.set()
    reader.join()
    assert failed == []
    assert opened == {3, 5}
