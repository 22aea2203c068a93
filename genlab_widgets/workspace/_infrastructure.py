"""``Infrastructure``: what this machine has, what runs and waits on it, and which licences are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from genlab_widgets.resources.gpu import Gpu
    from genlab_widgets.resources.licenses import License
    from genlab_widgets.resources.machine import Space
    from genlab_widgets.runs.store import RunRow
    from genlab_widgets.runs.usage import Usage
    from genlab_widgets.training.requirements import Requirement
    from genlab_widgets.workspace._run import Run
    from genlab_widgets.workspace._workspace import Workspace


class Machine(NamedTuple):
    """What this machine has at one moment.

    Attributes:
        name: Its name.
        cores: Processor cores that trainings may use.
        busy: How many of the machine's cores were busy since the last look.
        memory: All that programs may use, and what is free.
        disk: The disk of the workspace.
        gpus: Its GPUs.
        slots: Trainings at once.
    """

    name: str
    cores: int
    busy: float
    memory: Space
    disk: Space
    gpus: tuple[Gpu, ...]
    slots: int


class Server(NamedTuple):
    """A run that has not ended, and what it takes.

    Attributes:
        run: The run.
        row: Its row at the moment of the look.
        usage: What its processes take; None while it waits, and where it runs on another machine.
        host: The machine it runs on, where that is another one.
    """

    run: Run
    row: RunRow
    usage: Usage | None
    host: str = ""


class Fit(NamedTuple):
    """A trainer's needs beside this machine.

    Attributes:
        requirement: What it needs.
        shortcoming: What the machine lacks, with both figures; empty where it suffices or no figure is published.
        refusal: Why it cannot be chosen for another reason (licence, package); empty where it can.
    """

    requirement: Requirement
    shortcoming: str
    refusal: str

    @property
    def known(self) -> bool:
        """Whether anybody publishes a figure."""
        return self.requirement.memory_mb is not None


class Licensed(NamedTuple):
    """A licence, and the ids of the open runs that use it."""

    license: License
    used_by: list[str]


class Infrastructure:
    """The machine of a workspace. Made by :attr:`Workspace.infrastructure`."""

    def __init__(self, workspace: Workspace) -> None:
        from genlab_widgets.runs.usage import Meter

        self.workspace = workspace
        self._meter = Meter()

    def machine(self) -> Machine:
        """Returns what there is and what is free now."""
        from genlab_widgets.resources import gpu, machine

        return Machine(
            machine.host(),
            machine.cores(),
            machine.busy(),
            machine.memory(),
            machine.disk(self.workspace.home),
            gpu.found(),
            machine.capacity().slots,
        )

    def fits(self) -> list[Fit]:
        """Returns the needs of every trainer, each with what this machine lacks."""
        from genlab_widgets.resources import licenses, machine
        from genlab_widgets.training import offers
        from genlab_widgets.training.requirements import requirements

        present = licenses.found()
        disk = machine.disk(self.workspace.home).free_mb
        has = machine.cores(), machine.memory_mb(), disk
        return [Fit(item, item.shortcoming(*has), offers.unlicensed(item.library, present)) for item in requirements()]

    def licenses(self) -> list[Licensed]:
        """Returns the licences that are there, each with the open runs that use it."""
        from genlab_widgets.resources import licenses

        users: dict[str, list[str]] = {}
        for row in self.workspace.run_rows.open():
            need = licenses.NEEDS.get(row.training_spec.library)
            if need is not None:
                users.setdefault(need.product.package, []).append(row.id)
        return [Licensed(item, users.get(item.product.package, [])) for item in licenses.found()]

    def servers(self) -> list[Server]:
        """Returns the runs that have not ended, the oldest first, with what those on this machine take now."""
        from genlab_widgets.runs.states import ACTIVE
        from genlab_widgets.workspace._run import Run

        runs = self.workspace.run_rows
        rows = runs.open()
        self._meter.forget({runs.folder(row.id).path for row in rows})
        servers = []
        for row in rows:
            here = runs.here(row)
            usage = self._meter.read(runs.folder(row.id).path) if here and row.status in ACTIVE else None
            servers.append(Server(Run(self.workspace, row), row, usage, "" if here else row.host or "another machine"))
        return servers
