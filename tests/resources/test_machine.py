from __future__ import annotations

from pathlib import Path

import pytest

from genlab_widgets.resources import machine


@pytest.fixture
def cgroup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A container's limits, written by the test in place of the kernel's."""
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    return tmp_path


def test_this_machine_has_cores_memory_and_a_name() -> None:
    assert machine.cores() >= 1
    assert machine.memory_mb() > 100
    assert machine.host()


def test_the_limits_of_a_container_are_heeded(cgroup: Path) -> None:
    unlimited = machine.memory_mb(), machine.cores()

    (cgroup / "memory.max").write_text("max\n")
    (cgroup / "cpu.max").write_text("max 100000\n")
    assert (machine.memory_mb(), machine.cores()) == unlimited

    (cgroup / "memory.max").write_text(f"{512 * 2**20}\n")
    (cgroup / "cpu.max").write_text("50000 100000\n")
    assert (machine.memory_mb(), machine.cores()) == (512.0, 1)


def test_processes_killed_for_memory_are_counted(cgroup: Path) -> None:
    (cgroup / "memory.events").write_text("low 0\noom 4\noom_kill 3\n")

    assert machine.oom_kills() == 3


@pytest.mark.parametrize(("memory", "slots"), [(512, 1), (7_000, 2), (1_000_000, 4)])
def test_slots_follow_from_memory_and_cores(
    cgroup: Path, monkeypatch: pytest.MonkeyPatch, memory: int, slots: int
) -> None:
    monkeypatch.setattr(machine, "cores", lambda: 4)  # the machine that runs the tests may have fewer
    monkeypatch.setattr(machine, "memory_mb", lambda: float(memory))

    assert machine.capacity() == (slots, max(0.0, memory - machine.KEPT_FREE_MB))


@pytest.mark.parametrize(("chosen", "slots"), [("3", 3), ("0", 1)])
def test_chosen_slots_replace_the_estimate(monkeypatch: pytest.MonkeyPatch, chosen: str, slots: int) -> None:
    monkeypatch.setenv("GENLAB_SLOTS", chosen)

    assert machine.capacity() == (slots, None)


def test_free_memory_heeds_the_container_and_what_the_kernel_may_drop(cgroup: Path) -> None:
    assert machine.memory().free_mb <= machine.memory().total_mb
    (cgroup / "memory.max").write_text(f"{1000 * 2**20}\n")
    (cgroup / "memory.current").write_text(f"{700 * 2**20}\n")
    (cgroup / "memory.stat").write_text(f"anon 5\ninactive_file {200 * 2**20}\n")

    assert machine.memory() == (1000.0, 500.0)
    assert machine.memory().used == 0.5


def test_the_disk_of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    space = machine.disk(tmp_path / "later" / "still")

    assert 0 < space.free_mb <= space.total_mb
    assert machine.Space(0, 0).used == 0
