"""``genlab doctor``: whether this machine can train, check by check, and what to do where it cannot."""

from __future__ import annotations

import platform
import sys
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from genlab_widgets.cli.output import emit_json, say
from genlab_widgets.errors import GenlabError, NotEnoughResources, WorkspaceUnusable
from genlab_widgets.resources import gpu, licenses, machine
from genlab_widgets.settings import load_settings, notebooks_folder

MEGABYTE = 2**20
LEAST_MEMORY_MB = 3_000
"""A small NER training peaks at about 2 GB (Java heap 1 GB, TensorFlow and Python beside it)."""
LEAST_DISK_MB = 1_000
"""Jars 320 MB, MiniLM 180 MB with its ONNX copy, and room for a run's scratch files."""
MARKS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


@dataclass(frozen=True)
class Check:
    """One line of the report; ``level`` is ok, warn or fail."""

    name: str
    level: str
    message: str
    next_step: str = ""


@click.command("doctor")
@click.option("--only", multiple=True, metavar="CHECK", help="Only this check; can be given several times.")
@click.option("--fetch", is_flag=True, help="Fetch Spark NLP's jars now if they are missing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
def doctor(only: tuple[str, ...], fetch: bool, as_json: bool) -> int:
    """Check Python, Java, jars, embeddings, memory, disk, GPU, trainers, licences, workspace and Jupyter.

    Exit code 0 when a training can start, 5 when something is missing.
    """
    unknown = set(only) - set(CHECKS)
    if unknown:
        raise click.UsageError(f"No check {', '.join(sorted(unknown))}; there are {', '.join(CHECKS)}.")
    if fetch:
        from genlab_widgets.training.spark import jars

        jars.ensure()
    results = [_run(name) for name in only or CHECKS]
    if as_json:
        emit_json({"ok": all(result.level != "fail" for result in results), "checks": [asdict(r) for r in results]})
    else:
        for result in results:
            say(f"{MARKS[result.level]}  {result.name}: {' '.join(filter(None, (result.message, result.next_step)))}")
    return NotEnoughResources.exit_code if any(result.level == "fail" for result in results) else 0


def _run(name: str) -> Check:
    try:
        return CHECKS[name]()
    except GenlabError as error:
        return Check(name, "fail", f"{error.what} {error.why}".strip(), error.next_step)


def _python() -> Check:
    text = f"{platform.python_version()} on {platform.system()} {platform.machine()}, {sys.executable}."
    return Check("python", "ok", text)


def _java() -> Check:
    from genlab_widgets.training.spark import java

    home = java.find()
    return Check("java", "ok", f"version {java.feature_release(home)} in {home}.")


def _jars() -> Check:
    from genlab_widgets.training.spark import jars

    missing = jars.missing()
    if not missing:
        return Check("jars", "ok", f"{len(jars.required())} jars of Spark NLP in {jars.folder()}.")
    size = sum(jar.size for jar in missing) // MEGABYTE
    return Check(
        "jars",
        "warn",
        f"{len(missing)} jars of Spark NLP ({size} MB) are not in {jars.folder()} yet.",
        "The first training fetches them; 'genlab doctor --fetch' does it now.",
    )


def _embeddings() -> Check:
    from genlab_widgets.training.embeddings import catalogue

    choices = catalogue("en")
    named = [choice for choice in choices if not choice.name.endswith(("PATH", "NAME"))]
    usable = [choice.name for choice in named if choice.available and not choice.needs_network]
    fetched = [choice.name for choice in named if choice.needs_network]
    later = f" Need the network once: {', '.join(fetched)}." if fetched else ""
    return Check("embeddings", "ok" if usable else "fail", f"usable now: {', '.join(usable) or 'none'}.{later}")


def _memory() -> Check:
    space, cores = machine.memory(), machine.cores()
    free = int(space.free_mb)
    text = f"{free:,} MB free of {int(space.total_mb):,} MB, {cores} core{'' if cores == 1 else 's'}."
    if free >= LEAST_MEMORY_MB:
        return Check("memory", "ok", text)
    return Check("memory", "warn", text, f"A small training needs about {LEAST_MEMORY_MB:,} MB: close other programs.")


def _disk() -> Check:
    home = load_settings().home
    free = int(machine.disk(home).free_mb)
    if free >= LEAST_DISK_MB:
        return Check("disk", "ok", f"{free:,} MB free for {home}.")
    return Check("disk", "fail", f"Only {free:,} MB are free for {home}.", "Free some space, or set GENLAB_HOME.")


def _gpu() -> Check:
    cards = gpu.found()
    if not cards:
        return Check("gpu", "ok", f"{gpu.sentence(cards)} Trainings run on the processor.")
    if gpu.jax_is_built_for_it():
        return Check("gpu", "ok", gpu.sentence(cards))
    step = "Fine-tuning on it needs: pip install 'genlab-widgets[gpu]'."
    return Check("gpu", "warn", gpu.sentence(cards), step)


def _trainers() -> Check:
    from genlab_widgets.workspace import Workspace

    fits = Workspace().infrastructure.fits()
    enough = [fit.requirement.trainer for fit in fits if fit.known and not fit.shortcoming]
    lacking = [f"{fit.requirement.trainer} does not fit: {fit.shortcoming}." for fit in fits if fit.shortcoming]
    ours = any(fit.shortcoming for fit in fits if fit.requirement.library == "open_source")
    return Check("trainers", "warn" if ours else "ok", " ".join([f"this machine fits: {', '.join(enough)}.", *lacking]))


def _licenses() -> Check:
    present = licenses.found()
    if not present:
        return Check("licences", "ok", "none found; the open-source trainers need none.")
    spoiled = any(item.problem or item.expired() for item in present)
    step = "Replace the one that ended or cannot be read." if spoiled else ""
    return Check("licences", "warn" if spoiled else "ok", "; ".join(_license(item) for item in present) + ".", step)


def _license(item: licenses.License) -> str:
    if item.problem:
        return f"{item.product.title} ({item.origin}) cannot be read"
    scopes = ", ".join(item.scopes) or "scopes not stated"
    until = "no end stated" if item.expires is None else f"until {item.expires:%Y-%m-%d}"
    ended = ", expired" if item.expired() else ""
    package = "" if licenses.installed(item.product) else f", {item.product.distribution} is not installed"
    return f"{item.product.title} ({item.origin}): {scopes}, {until}{ended}{package}"


def _workspace() -> Check:
    home = load_settings().home
    probe = home / f".probe-{uuid.uuid4().hex}"
    try:
        home.mkdir(parents=True, exist_ok=True)
        probe.write_text("", encoding="utf-8")
        probe.unlink()
    except OSError as error:
        raise WorkspaceUnusable(
            f"The workspace folder {home} cannot be written.",
            f"The system says: {error.strerror or error}.",
            "Set GENLAB_HOME to a folder that can be written.",
        ) from error
    return Check("workspace", "ok", f"{home} can be written.")


def _jupyter() -> Check:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        place = Path(KernelSpecManager().get_kernel_spec("python3").resource_dir)
    except NoSuchKernel:
        return Check("jupyter", "fail", "The kernel python3 is not installed.", "Run 'pip install ipykernel'.")
    return Check("jupyter", "ok", f"kernel python3 in {place}, notebooks in {notebooks_folder()}.")


CHECKS: dict[str, Callable[[], Check]] = {
    "python": _python,
    "java": _java,
    "jars": _jars,
    "embeddings": _embeddings,
    "memory": _memory,
    "disk": _disk,
    "gpu": _gpu,
    "trainers": _trainers,
    "licences": _licenses,
    "workspace": _workspace,
    "jupyter": _jupyter,
}
