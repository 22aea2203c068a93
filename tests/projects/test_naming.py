"""Two projects never share a folder, whatever script their names are in."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from genlab_widgets.errors import Conflict
from genlab_widgets.projects.importing import import_project
from genlab_widgets.projects.store import ABOUT, list_projects, open_project
from tests.samples import write_export

NOTES, REPORTS, JAPANESE = "Заметки врача", "Отчёты", "日本語"


def folders(home: Path) -> dict[str, str]:
    return {project.name: project.title for project in list_projects(home)}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((NOTES, REPORTS, JAPANESE), ("project", "project_2", "project_3")),
        (("A/B", "A B"), ("A_B", "A_B_2")),
        (("x" * 80 + "1", "x" * 80 + "2"), ("x" * 80, "x" * 78 + "_2")),
        (("Ward 2", REPORTS, "project 2", NOTES), ("Ward_2", "project", "project_2", "project_3")),
    ],
)
def test_names_that_are_alike_as_folders_stay_apart(
    home: Path, tmp_path: Path, names: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    exports = [
        write_export(tmp_path / f"export{place}", tasks=place + 1, name=name) for place, name in enumerate(names)
    ]
    for again in (False, True):
        for export in exports:
            assert import_project(export, home).replaced is again
        assert folders(home) == dict(zip(expected, names, strict=True))
        assert [open_project(home, name).task_count for name in expected] == list(range(1, len(names) + 1))


def test_the_second_of_two_is_found_after_the_first_went(home: Path, tmp_path: Path) -> None:
    for number, name in enumerate((NOTES, REPORTS)):
        import_project(write_export(tmp_path / str(number), tasks=1, name=name), home)
    (home / "projects" / "project").rename(tmp_path / "away")
    assert import_project(tmp_path / "1", home).project.name == "project_2"


def test_the_name_in_the_list_means_that_project(home: Path, tmp_path: Path) -> None:
    import_project(write_export(tmp_path / "a", tasks=1, name="Ward 7/b"), home)
    report = import_project(write_export(tmp_path / "b", tasks=2), home, name="Ward_7_b")
    assert report.replaced
    assert folders(home) == {"Ward_7_b": "Ward 7/b"}


def test_an_import_of_before_is_known_by_its_folder(home: Path, tmp_path: Path) -> None:
    """Projects without the name that they were given: older ones, and damaged ones, which are to be imported again."""
    for name in ("Ward 7", NOTES):
        folder = import_project(write_export(tmp_path / name, tasks=1, name=name), home).project.folder
        about = json.loads((folder / ABOUT).read_text())
        del about["original_name"]
        (folder / ABOUT).write_text(json.dumps(about))
    assert import_project(tmp_path / "Ward 7", home).project.name == "Ward_7"
    (home / "projects" / "Ward_7" / ABOUT).write_text("{")
    assert import_project(tmp_path / "Ward 7", home).replaced
    report = import_project(write_export(tmp_path / "reports", tasks=1, name=REPORTS), home)
    assert (report.project.name, report.replaced) == ("project_2", False), "it may be another one's"


def test_two_imports_at_once_do_not_share_a_folder(home: Path, tmp_path: Path) -> None:
    """The second is told, and takes the next folder when it is made again."""
    first, second = (write_export(tmp_path / str(place), tasks=150, name=name) for place, name in enumerate("éü"))
    inside, done = threading.Event(), threading.Event()

    def meanwhile(_: int) -> None:
        inside.set()
        assert done.wait(30)

    told: list[str] = []

    def slow() -> None:
        try:
            import_project(second, home, progress=meanwhile)
        except Conflict as error:
            told.append(error.what)

    other = threading.Thread(target=slow)
    other.start()
    assert inside.wait(30)
    import_project(first, home)
    done.set()
    other.join()
    assert told == ["project was changed while its export was being imported."]
    assert folders(home) == {"project": "é"}
    assert import_project(second, home).project.name == "project_2"
