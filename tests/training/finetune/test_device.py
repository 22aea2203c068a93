"""Where JAX computes; JAX itself is not asked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from genlab_widgets.resources import gpu
from genlab_widgets.training.finetune import device


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*("JAX_PLATFORMS", "XLA_PYTHON_CLIENT_PREALLOCATE"), device._CACHE, device._LEAST_SECONDS):
        monkeypatch.setenv(name, "as before")
        monkeypatch.delenv(name)


def test_without_a_wish_the_processor_computes() -> None:
    assert device.choose(False) == ""
    assert os.environ["JAX_PLATFORMS"] == "cpu"


def test_a_jax_without_cuda_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "jax_is_built_for_it", lambda: False)
    assert "genlab-widgets[gpu]" in device.choose(True)
    assert os.environ["JAX_PLATFORMS"] == "cpu"


def test_a_jax_with_cuda_takes_the_gpu_and_leaves_spark_nlp_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    monkeypatch.setattr(gpu, "jax_is_built_for_it", lambda: True)
    monkeypatch.setattr(gpu, "found", lambda: (gpu.Gpu("Tesla T4", 15360.0),))
    assert "Tesla T4" in device.choose(True)
    assert "JAX_PLATFORMS" not in os.environ
    assert os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false"


def test_what_is_compiled_is_kept_for_the_next_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GENLAB_CACHE", str(tmp_path))
    program = (
        "from genlab_widgets.training.finetune import device; device.choose(False); import os; "
        f"os.environ['{device._LEAST_SECONDS}'] = '0'; import jax; jax.jit(lambda x: x * 2 + 1)(3.0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env=os.environ)
    (folder,) = (tmp_path / "jax").iterdir()
    assert folder.name == device._processor()
    kept = sorted(path.name for path in folder.iterdir())
    assert kept
    subprocess.run([sys.executable, "-c", program], check=True, env=os.environ)
    assert sorted(path.name for path in folder.iterdir()) == kept


def test_the_oldest_go_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(device, "_MOST_KEPT", 3)
    for place in range(5):
        (tmp_path / str(place)).touch()
        os.utime(tmp_path / str(place), (place, place))
    device._keep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2", "3", "4"]
    assert os.environ[device._CACHE] == str(tmp_path)
    (tmp_path / "file").touch()
    device._keep(tmp_path / "file")  # no folder: nothing is kept, and nothing fails
