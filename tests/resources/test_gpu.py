"""GPU detection against a stand-in for NVIDIA's tool and the driver's files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from genlab_widgets.errors import NotEnoughResources
from genlab_widgets.resources import gpu
from genlab_widgets.resources.gpu import Gpu

Install = Callable[[str], None]


@pytest.fixture(autouse=True)
def _asked_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    monkeypatch.setattr(gpu, "_DRIVER", tmp_path / "driver")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    gpu.found.cache_clear()
    yield
    gpu.found.cache_clear()


@pytest.fixture
def nvidia_smi(tmp_path: Path) -> Install:
    """Puts an ``nvidia-smi`` on PATH that does what a line of shell says."""

    def install(line: str) -> None:
        tool = tmp_path / "bin" / "nvidia-smi"
        tool.parent.mkdir()
        tool.write_text(f"#!/bin/sh\n{line}\n")
        tool.chmod(0o755)

    return install


def test_a_card_has_its_name_and_memory(nvidia_smi: Install) -> None:
    nvidia_smi("echo 'Tesla T4, 15360'")
    assert gpu.found() == (Gpu("Tesla T4", 15360.0),)
    assert gpu.sentence(gpu.found()) == "GPU resource available: Tesla T4, 15.0 GB."
    assert gpu.refusal() == ""
    gpu.require()


def test_memory_that_the_card_shares_is_not_known(nvidia_smi: Install) -> None:
    nvidia_smi("echo 'NVIDIA GB10, [N/A]'")
    assert gpu.found() == (Gpu("NVIDIA GB10", None),)
    assert gpu.sentence(gpu.found()) == "GPU resource available: NVIDIA GB10."


def test_a_tool_without_a_driver_is_no_card(nvidia_smi: Install) -> None:
    nvidia_smi("echo 'NVIDIA-SMI has failed'; exit 9")
    assert gpu.found() == ()


def test_without_the_tool_the_drivers_files_tell(tmp_path: Path) -> None:
    place = tmp_path / "driver" / "0000:00:1e.0"
    place.mkdir(parents=True)
    (place / "information").write_text("Model: \t\t Tesla T4\nIRQ:   \t\t 10\n")
    assert gpu.found() == (Gpu("Tesla T4", None),)


@pytest.mark.parametrize("hidden", ["", "-1"])
def test_cards_that_are_hidden_do_not_count(nvidia_smi: Install, monkeypatch: pytest.MonkeyPatch, hidden: str) -> None:
    nvidia_smi("echo 'Tesla T4, 15360'")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert gpu.found() == ()


def test_none_is_said_and_refused() -> None:
    assert gpu.sentence(gpu.found()) == "No GPU found on this machine."
    with pytest.raises(NotEnoughResources, match="No GPU found") as caught:
        gpu.require()
    assert "use_gpu" in caught.value.next_step
