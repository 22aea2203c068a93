"""Where JAX computes; JAX itself is not asked."""

from __future__ import annotations

import os

import pytest

from genlab_widgets.resources import gpu
from genlab_widgets.training.finetune import device


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JAX_PLATFORMS", "XLA_PYTHON_CLIENT_PREALLOCATE"):
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
