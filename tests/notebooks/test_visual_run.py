"""The cells of the template for pages, one after the other, with a model in place of Spark's that knows the answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from genlab_widgets.training import publishing, steps
from genlab_widgets.training.dataset import Example
from genlab_widgets.training.reporting import Reporter
from genlab_widgets.training.runfolder import RunFolder
from genlab_widgets.training.spark import session
from genlab_widgets.training.spec import TrainingSpec
from genlab_widgets.training.trainers import Rows, Trained
from tests.bills import write_bills
from tests.notebooks.test_templates import cells
from tests.samples import imported


class Saved:
    """What a fitted pipeline is to the steps: something that can be saved."""

    def write(self) -> Saved:
        return self

    overwrite = write

    def save(self, place: str) -> None:
        (Path(place) / "metadata").mkdir(parents=True)
        (Path(place) / "metadata" / "part-00000").write_text("{}")


class Knowing:
    """Finds every shop and no total."""

    needs_graph = False

    def fit(self, _: Any, rows: Rows, spec: TrainingSpec, scratch: Path, reporter: Reporter) -> Trained:
        return Trained(model=Saved(), predicted=self.read(None, None, rows.test_examples))  # type: ignore[arg-type]

    def read(self, _: Any, model: Any, examples: Sequence[Example]) -> list[Example]:
        return [item.with_spans(span for span in item.spans if span.label == "SHOP") for item in examples]

    def graph(self, *_: Any) -> None:
        """It needs none."""


@pytest.mark.process
def test_a_run_over_pages_ends_with_its_pages_and_both_scores(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = RunFolder(tmp_path / "bills-0001").create()
    monkeypatch.setenv(steps.RUN_FOLDER, str(folder.path))
    monkeypatch.setattr(session, "start", lambda *_, **__: Spark())
    monkeypatch.setattr(session, "stop", lambda *_: None)
    monkeypatch.setattr(steps, "trainer_for", lambda _: Knowing())
    monkeypatch.setattr(publishing, "checked", lambda spark, saved, trainer, gold, found, reporter: found)
    monkeypatch.setattr(publishing, "versions", lambda _: {})
    imported(home, write_bills(tmp_path / "bills", 40))

    scope: dict[str, Any] = {}
    shown: list[Any] = []
    for cell in cells("visual_ner"):
        if cell.cell_type == "code":
            lines = cell.source.splitlines()
            exec("\n".join(lines[:-1]), scope)
            if "parameters" in cell.metadata.get("tags", ()):
                exec(lines[-1], scope)
                scope |= {"project": "bills", "test_train_tags": True}
            else:
                shown.append(eval(lines[-1], scope))

    result = folder.read_result()
    assert result is not None
    assert result.scores.words is not None
    assert result.scores.regions is not None
    assert (result.scores.f1, result.scores.words.precision) == (result.scores.words.f1, 1.0)
    assert result.scores.regions.recall == 0.5
    assert result.baseline is not None
    pages = folder.read_pages()
    assert {page.finding for page in pages} == {"1 missed, 1 right", "nothing marked, nothing found"}
    gallery = next(view for view in shown if "test pages have an error" in repr(view))
    assert gallery._repr_html_().count("data:image/jpeg") == 6
    assert all(hasattr(view, "_repr_html_") for view in shown)


class Spark:
    """A session of which the steps ask version and master only."""

    version = "none"

    @property
    def sparkContext(self) -> Any:
        return self

    master = "local[2]"
