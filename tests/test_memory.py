"""The memory that a process may use, read from control groups of both versions."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from genlab_widgets import memory

WHOLE = psutil.virtual_memory().total


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def found(tmp_path: Path, membership: str = "") -> int:
    write(tmp_path / "self", membership)
    return memory.limit(tmp_path / "cgroup", tmp_path / "self")


def test_this_machine() -> None:
    assert 0 < memory.limit() <= WHOLE


def test_no_control_groups(tmp_path: Path) -> None:
    assert memory.limit(tmp_path / "none", tmp_path / "neither") == WHOLE


@pytest.mark.parametrize("file", ["memory.max", "memory/memory.limit_in_bytes"])
@pytest.mark.parametrize(("text", "expected"), [("1000000\n", 1_000_000), ("max\n", WHOLE), ("", WHOLE)])
def test_a_container(tmp_path: Path, file: str, text: str, expected: int) -> None:
    write(tmp_path / "cgroup" / file, text)
    assert found(tmp_path) == expected


def test_no_limit_in_version_one_is_a_huge_number(tmp_path: Path) -> None:
    write(tmp_path / "cgroup/memory/memory.limit_in_bytes", "9223372036854771712")
    assert found(tmp_path) == WHOLE


def test_the_lowest_limit_on_the_way_down_counts(tmp_path: Path) -> None:
    write(tmp_path / "cgroup/memory.max", "max")
    write(tmp_path / "cgroup/user.slice/memory.max", "3000000")
    write(tmp_path / "cgroup/user.slice/job.service/memory.max", "4000000")
    write(tmp_path / "cgroup/other/memory.max", "1000")
    assert found(tmp_path, "0::/user.slice/job.service\n") == 3_000_000
    assert found(tmp_path, "0::/user.slice\n") == 3_000_000
    assert found(tmp_path, "0::/\n") == WHOLE


def test_version_one_names_the_controller(tmp_path: Path) -> None:
    write(tmp_path / "cgroup/memory/batch/job/memory.limit_in_bytes", "5000000")
    assert found(tmp_path, "9:cpu,cpuacct:/else\n4:memory:/batch/job\n0::/\n") == 5_000_000
    assert found(tmp_path, "4:cpuset:/batch/job\n") == WHOLE


@pytest.mark.parametrize("membership", ["nonsense", "0::/../../etc", "::", "0::", "\n\n"])
def test_odd_memberships(tmp_path: Path, membership: str) -> None:
    assert found(tmp_path, membership) == WHOLE
