"""What the Infrastructure page says of the machine, of a job, of a trainer's needs and of a licence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genlab_widgets.database import now
from genlab_widgets.resources import gpu, licenses
from genlab_widgets.training.offers import LIBRARIES
from genlab_widgets.widgets.pages import wording
from genlab_widgets.widgets.parts import Markup, h
from genlab_widgets.widgets.parts.table import Column, Row

if TYPE_CHECKING:
    from genlab_widgets.resources.machine import Space
    from genlab_widgets.workspace._infrastructure import Fit, Licensed, Machine, Server

JOBS = (
    Column("job", "Job"),
    Column("project", "Project"),
    Column("owner", "Owner"),
    Column("license", "Licence and scope"),
    Column("status", "Status"),
    Column("doing", "Does, or waits for", wide=True, sortable=False),
    Column("cpu", "CPU", numeric=True),
    Column("memory", "Memory", numeric=True),
    Column("since", "Since"),
)
NEEDS = (
    Column("trainer", "Trainer"),
    Column("cores", "Cores", numeric=True),
    Column("memory", "Memory", numeric=True),
    Column("disk", "Disk", numeric=True),
    Column("source", "Figures from"),
    Column("fits", "This machine"),
    Column("why", "Why", wide=True, sortable=False),
)
LICENSES = (
    Column("product", "Product"),
    Column("scopes", "Scopes", wide=True),
    Column("expires", "Expires"),
    Column("status", "Status"),
    Column("package", "Package"),
    Column("used", "In use by", wide=True),
    Column("origin", "Found in"),
)


def cards(machine: Machine) -> list[Markup]:
    """Returns the cards of processor, memory, disk and GPU."""
    busy = min(1.0, machine.busy / machine.cores)
    return [
        _meter("CPU", wording.plural(machine.cores, "core"), f"{machine.busy:.1f} busy now", busy),
        _space("Memory", machine.memory),
        _space("Disk", machine.disk),
        _gpu(machine),
    ]


def _space(title: str, space: Space) -> Markup:
    return _meter(title, f"{wording.memory(space.free_mb)} free", f"of {wording.memory(space.total_mb)}", space.used)


def _meter(title: str, figure: str, told: str, used: float) -> Markup:
    percent = round(100 * used)
    bar = h("div", h("div", class_="genlab-fill", style=f"width:{percent}%"), class_="genlab-bar", aria_hidden="true")
    return h(
        "div", h("h2", title), h("p", h("b", figure), class_="genlab-big"), bar, h("p", told, class_="genlab-hint")
    )


def _gpu(machine: Machine) -> Markup:
    if not machine.gpus:
        told = "Trainings run on the processor. \u201cUse available GPU\u201d needs an NVIDIA card and its driver."
        return h("div", h("h2", "GPU"), h("p", h("b", gpu.NONE_FOUND), class_="genlab-big"), _hint(told))
    tuned = "" if gpu.jax_is_built_for_it() else " Fine-tuning on it needs: pip install 'genlab-widgets[gpu]'."
    told = f"{gpu.sentence(machine.gpus)} Tick \u201cUse available GPU\u201d on the Train page.{tuned}"
    return h("div", h("h2", "GPU"), h("p", h("b", "GPU resource available"), class_="genlab-big"), _hint(told))


def _hint(told: str) -> Markup:
    return h("p", told, class_="genlab-hint")


def job_row(server: Server, may_stop: bool) -> Row:
    """Returns a run that has not ended."""
    run, usage = server.row, server.usage
    status, library = str(run.status), str(run.spec.get("library", "open_source"))
    need = licenses.NEEDS.get(library)
    cpu = usage.cores if usage else None
    cells = {
        "job": {"text": run.id, "small": wording.KINDS.get(run.kind, run.kind)},
        "project": {"text": run.project},
        "owner": {"text": run.user},
        "license": {"text": LIBRARIES.get(library, library), "small": need.scope if need else "no licence needed"},
        "status": {"text": wording.STATUS[status], "chip": wording.tone(status)},
        "doing": {"text": _doing(server), "small": f"on {server.host}" if server.host else ""},
        "cpu": {"text": "\u2013" if cpu is None else f"{cpu:.1f} cores"},
        "memory": {
            "text": wording.memory(usage.memory_mb) if usage else "\u2013",
            "small": f"about {wording.memory(run.memory_mb)} expected",
        },
        "since": {"text": wording.moment(run.started_at or run.created_at), "small": _for_how_long(server)},
    }
    sort = {key: cell["text"] for key, cell in cells.items()}
    sort |= {"cpu": cpu or 0.0, "memory": usage.memory_mb if usage else 0.0}  # type: ignore[dict-item]
    refusal = "" if may_stop else f"A Project Owner or a Manager of {run.project} may stop it."
    stop = {"name": "stop", "text": "Stop", "disabled": not may_stop or status == "CANCELLING", "title": refusal}
    return Row(run.id, run.id, cells, sort, ({"name": "logs", "text": "Logs"}, stop))


def _doing(server: Server) -> str:
    if str(server.row.status) == "QUEUED":
        return server.row.message or "Waits to be started."
    standing = server.run.progress()
    return standing.message if standing else server.row.message or wording.STATUS[str(server.row.status)]


def _for_how_long(server: Server) -> str:
    begun = server.row.started_at or server.row.created_at
    return wording.duration(max(0.0, (now() - begun).total_seconds() // 10 * 10))


def need_row(fit: Fit) -> Row:
    """Returns a trainer's needs beside this machine."""
    need = fit.requirement
    if fit.shortcoming:
        fits, tone = "does not fit", "fail"
    elif fit.known:
        fits, tone = "fits", "ok"
    else:
        fits, tone = "not known", "quiet"
    why = " ".join(part for part in (f"{fit.shortcoming}." if fit.shortcoming else "", fit.refusal) if part)
    cells = {
        "trainer": {"text": need.trainer, "small": LIBRARIES[need.library]},
        "cores": {"text": "\u2013" if need.cores is None else str(need.cores)},
        "memory": {"text": "\u2013" if need.memory_mb is None else wording.memory(need.memory_mb)},
        "disk": {"text": "\u2013" if need.disk_mb is None else wording.memory(need.disk_mb)},
        "source": {"text": need.source},
        "fits": {"text": fits, "chip": tone},
        "why": {"text": why},
    }
    sort = {key: cell["text"] for key, cell in cells.items()}
    return Row(
        need.trainer, need.trainer, cells, {**sort, "memory": need.memory_mb, "disk": need.disk_mb, "cores": need.cores}
    )


def license_row(item: Licensed) -> Row:
    """Returns a licence; never its token."""
    found = item.license
    if found.problem:
        status, tone = "cannot be read", "fail"
    elif found.expired():
        status, tone = "expired", "fail"
    else:
        status, tone = "valid", "ok"
    package = found.product.distribution
    cells = {
        "product": {"text": found.product.title},
        "scopes": {"text": ", ".join(found.scopes) or "not stated"},
        "expires": {"text": wording.moment(found.expires) if found.expires else "not stated"},
        "status": {"text": status, "chip": tone, "title": found.problem},
        "package": {"text": package, "small": "installed" if licenses.installed(found.product) else "not installed"},
        "used": {"text": ", ".join(item.used_by) or "nothing"},
        "origin": {"text": found.origin},
    }
    return Row(found.origin, found.product.title, cells, {key: cell["text"] for key, cell in cells.items()})
