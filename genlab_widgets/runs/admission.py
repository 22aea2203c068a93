"""What a queued run waits for: a slot, memory, the GPU, or a licence that another run uses."""

from __future__ import annotations

from collections.abc import Sequence

from genlab_widgets.resources import gpu, licenses
from genlab_widgets.resources.machine import Capacity
from genlab_widgets.runs.store import RunRow


def obstacle(row: RunRow, active: Sequence[RunRow], capacity: Capacity) -> str:
    """Returns what a run waits for, as a sentence; empty if it can start.

    Alone it may always start: an estimate can be wrong.

    Args:
        row: The run that waits longest.
        active: The runs that hold a slot on this machine.
        capacity: What may run at once.
    """
    if not active:
        return ""
    names = _either(active)
    if len(active) >= capacity.slots:
        return f"It starts when {names} ends."
    return _shared(row, active) or _memory(row, active, capacity)


def _shared(row: RunRow, active: Sequence[RunRow]) -> str:
    """A GPU takes one training, and a licence (they are floating) lets one server run."""
    if row.spec.get("use_gpu"):
        users = [other for other in active if other.spec.get("use_gpu")]
        if len(users) >= max(1, len(gpu.found())):
            return f"It needs the GPU; it starts when {_either(users)} ends."
    product = _product(row)
    if product is not None:
        users = [other for other in active if _product(other) == product]
        held = [item for item in licenses.found() if item.product == product and not item.problem]
        if len(users) >= max(1, len(held)):
            return f"It needs the licence of {product.title}; it starts when {_either(users)} ends."
    return ""


def _memory(row: RunRow, active: Sequence[RunRow], capacity: Capacity) -> str:
    if capacity.memory_mb is None:
        return ""
    free = capacity.memory_mb - sum(other.memory_mb for other in active)
    if row.memory_mb <= free:
        return ""
    needs, has = (f"{max(0.0, megabytes) / 1000:.1f} GB" for megabytes in (row.memory_mb, free))
    beside = " and ".join(other.id for other in active)
    return f"It needs {needs}, {has} are free beside {beside}; it starts when {_either(active)} ends."


def _product(row: RunRow) -> licenses.Product | None:
    need = licenses.NEEDS.get(str(row.spec.get("library")))
    return None if need is None else need.product


def _either(rows: Sequence[RunRow]) -> str:
    """Returns the ids of runs as "a, b or c"."""
    ids = [row.id for row in rows]
    return ids[0] if len(ids) == 1 else f"{', '.join(ids[:-1])} or {ids[-1]}"
