"""The documentation keeps up with the code: commands, settings, error codes, targets, links."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from genlab_widgets import cli
from genlab_widgets.settings import Settings
from genlab_widgets.training.spec import TrainingSpec
from tests.conftest import CHECKOUT

PAGES = sorted([*(CHECKOUT / "docs").glob("*.md"), *CHECKOUT.glob("*.md")])


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    """docs/generate.py as a module."""
    spec = importlib.util.spec_from_file_location("generate", CHECKOUT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["generate"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["cli.md", "errors.md", "settings.md", "rest.md"])
def test_generated_pages_are_up_to_date(generate: ModuleType, name: str) -> None:
    assert (CHECKOUT / "docs" / name).read_text(encoding="utf-8") == generate.PAGES[name](), "run 'make docs'"


def test_every_command_is_documented(generate: ModuleType) -> None:
    reference = (CHECKOUT / "docs" / "cli.md").read_text(encoding="utf-8")
    guide = (CHECKOUT / "docs" / "user-guide.md").read_text(encoding="utf-8")
    for path, _ in generate.walk(cli.cli, ("genlab",)):
        words = " ".join(path)
        assert f"## {words}\n" in reference
        assert words in guide, f"the user guide does not mention '{words}'"


def test_every_setting_is_documented() -> None:
    reference = (CHECKOUT / "docs" / "settings.md").read_text(encoding="utf-8")
    for name in Settings.model_fields:
        assert f"`GENLAB_{name.upper()}`" in reference


def test_every_error_code_is_documented_once(generate: ModuleType) -> None:
    codes = [kind.code for kind in generate.error_types()]
    assert len(codes) == len(set(codes)), "two errors share a code"
    reference = (CHECKOUT / "docs" / "errors.md").read_text(encoding="utf-8")
    for code in codes:
        assert reference.count(f"`{code}`") == 1


def test_every_parameter_is_a_flag_of_train_and_in_the_guide() -> None:
    guide = (CHECKOUT / "docs" / "user-guide.md").read_text(encoding="utf-8")
    flags = {option for parameter in cli.cli.commands["train"].params for option in parameter.opts}
    for name in set(TrainingSpec.model_fields) - {"project"}:
        assert f"--{name.replace('_', '-')}" in flags
        assert f"`{name}`" in guide, f"the user guide does not describe the parameter {name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_targets_and_links_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", (CHECKOUT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert set(re.findall(r"`make ([a-z]+)`", text)) <= targets
    for link in re.findall(r"\]\(([^)#]+)", text):
        if "://" not in link:
            assert (page.parent / link).exists(), f"{page.name} links to {link}"


@pytest.mark.parametrize("script", sorted((CHECKOUT / "benchmarks").glob("*.py")), ids=lambda path: path.stem)
def test_every_benchmark_is_in_the_docs(script: Path) -> None:
    if script.stem not in {"measure", "__init__"}:
        assert f"benchmarks/{script.name}" in (CHECKOUT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
