"""What trainers need, held against machines."""

from __future__ import annotations

from genlab_widgets.training.requirements import requirements


def by_name() -> dict[str, object]:
    return {item.trainer: item for item in requirements()}


def test_the_published_specification_of_visual_nlp_stands() -> None:
    need = by_name()["Visual NLP's Visual NER"]
    assert (need.cores, need.memory_mb) == (16, 65536)
    told = need.shortcoming(2, 24 * 1024, 1e6)
    assert told == "16 cores are needed, 2 are here; 64.0 GB of memory are needed, 24.0 GB are here"
    assert need.shortcoming(16, 65536, 0) == ""


def test_our_trainers_fit_a_laptop_and_not_a_telephone() -> None:
    ours = [item for item in requirements() if item.library == "open_source"]
    assert {item.kind for item in ours} == {"ner", "classification", "assertion", "visual_ner"}
    assert not any(item.shortcoming(2, 8 * 1024, 2_000) for item in ours)
    assert all("of memory are needed, 1.0 GB are here" in item.shortcoming(2, 1024, 2_000) for item in ours)


def test_figures_that_nobody_publishes_are_no_shortcoming() -> None:
    need = by_name()["Healthcare NER"]
    assert need.memory_mb is None
    assert need.shortcoming(1, 1, 1) == ""
