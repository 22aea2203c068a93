from __future__ import annotations

import random
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from genlab_widgets.errors import UnsafeArchive
from genlab_widgets.projects import archive
from genlab_widgets.projects.importing import import_project
from genlab_widgets.projects.store import list_projects
from tests.samples import write_export, zipped

SENTENCE = "The archive cannot be imported."


def packed(path: Path, *names: str, content: bytes = b"[]") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name in names:
            info = zipfile.ZipInfo("placeholder")
            info.filename = name  # the constructor would repair the name
            info.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(info, content)
    return path


def refused(source: Path, tmp_path: Path) -> UnsafeArchive:
    """Unpacks, and checks that nothing came to lie outside the target."""
    before = {path for path in tmp_path.rglob("*")}
    target = tmp_path / "inside" / "target"
    with pytest.raises(UnsafeArchive, match=SENTENCE) as caught:
        archive.unpack(source, target)
    assert {path for path in tmp_path.rglob("*") if not path.is_relative_to(tmp_path / "inside")} == before
    assert caught.value.why
    assert caught.value.next_step
    return caught.value


@pytest.mark.parametrize(
    "name",
    [
        "../result.json",
        "images/../../result.json",
        "..",
        "/etc/result.json",
        "C:/result.json",
        "C:result.json",
        "images\\..\\..\\result.json",
        "\\\\host\\share\\x",
        "result.json\0.png",
        "",
        ".",
        "x" * 300,
        "ü" * 200,
    ],
)
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    error = refused(packed(tmp_path / "evil.zip", "config.xml", name), tmp_path)
    assert "entry" in error.details
    assert not (tmp_path / "inside").exists(), "checked before a byte is written"


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (("result.json", "result.json"), "twice"),
        (("result.json", "Result.JSON"), "twice"),
        (("images/a.png", "IMAGES/A.png"), "twice"),
        (("images", "images/a.png"), "is a file"),
        (("Images", "images/a/b.png"), "is a file"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_clash_are_refused(tmp_path: Path, names: tuple[str, ...], why: str) -> None:
    assert why in refused(packed(tmp_path / "evil.zip", *names), tmp_path).why


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_and_devices_are_refused(tmp_path: Path, kind: int) -> None:
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as out:
        info = zipfile.ZipInfo("result.json")
        info.create_system = 3
        info.external_attr = (kind | 0o777) << 16
        out.writestr(info, "/etc/passwd")
    assert "link or a device" in refused(tmp_path / "evil.zip", tmp_path).why


def patched(path: Path, offset_in_local: int, offset_in_central: int, value: bytes) -> Path:
    """Overwrites a field of the only entry, in its own header and in the directory."""
    raw = bytearray(path.read_bytes())
    for start, offset in ((raw.index(b"PK\3\4"), offset_in_local), (raw.index(b"PK\1\2"), offset_in_central)):
        raw[start + offset : start + offset + len(value)] = value
    path.write_bytes(raw)
    return path


def test_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    source = patched(packed(tmp_path / "evil.zip", "result.json"), 6, 8, b"\x01\x00")
    assert "encrypted" in refused(source, tmp_path).why


def test_a_wrong_checksum_is_named(tmp_path: Path) -> None:
    source = patched(packed(tmp_path / "evil.zip", "result.json"), 14, 16, struct.pack("<I", 12345))
    error = refused(source, tmp_path)
    assert error.details["entry"] == "result.json"
    assert "damaged" in error.why


def test_an_unknown_compression_is_named(tmp_path: Path) -> None:
    source = patched(packed(tmp_path / "evil.zip", "result.json"), 8, 10, struct.pack("<H", 77))
    assert "damaged" in refused(source, tmp_path).why


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damaged_content_is_no_fault_of_the_workspace(tmp_path: Path, compression: int) -> None:
    with zipfile.ZipFile(tmp_path / "evil.zip", "w", compression) as out:
        out.writestr("result.json", bytes(range(256)) * 20)
    raw = bytearray((tmp_path / "evil.zip").read_bytes())
    start = raw.index(b"result.json") + len("result.json")
    raw[start + 4 : start + 40] = bytes(36)
    (tmp_path / "evil.zip").write_bytes(raw)
    assert refused(tmp_path / "evil.zip", tmp_path).details["entry"] == "result.json"


def test_a_bomb_is_stopped_by_its_ratio(tmp_path: Path) -> None:
    source = packed(tmp_path / "evil.zip", "result.json", content=bytes(archive.RATIO_FLOOR * 2))
    assert "100 times" in refused(source, tmp_path).why
    written = (tmp_path / "inside" / "target" / "result.json").stat().st_size
    assert written <= archive.RATIO_FLOOR + 2 * 1024**2


def test_a_size_that_lies_does_not_get_past_the_limit(tmp_path: Path) -> None:
    """The header says one byte: zipfile gives no more than that, and the ratio counts what comes."""
    content = bytes(archive.RATIO_FLOOR * 2)
    source = packed(tmp_path / "evil.zip", "result.json", content=content)
    patched(source, 22, 24, struct.pack("<I", 1))
    patched(source, 14, 16, struct.pack("<I", zlib.crc32(content[:1])))
    archive.unpack(source, tmp_path / "target")
    assert (tmp_path / "target" / "result.json").stat().st_size == 1


@pytest.mark.parametrize(("limit", "value"), [("MAX_TOTAL", 100), ("MAX_ENTRIES", 2)])
def test_limits_of_the_whole_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int) -> None:
    monkeypatch.setattr(archive, limit, value)
    refused(packed(tmp_path / "evil.zip", "a", "b", "c", content=bytes(60)), tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a zip at all", b"PK\3\4 but then nothing", bytes(1000)])
def test_what_is_no_zip(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "notes.zip").write_bytes(content)
    assert "notes.zip" in refused(tmp_path / "notes.zip", tmp_path).why


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_zip(tmp_path: Path, kept: float) -> None:
    whole = zipped(write_export(tmp_path / "notes", tasks=20), tmp_path / "notes.zip").read_bytes()
    (tmp_path / "notes.zip").write_bytes(whole[: int(len(whole) * kept)])
    refused(tmp_path / "notes.zip", tmp_path)


def mutations(whole: bytes, rng: random.Random) -> Callable[[], bytes]:
    def one() -> bytes:
        raw = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            raw[rng.randrange(len(raw))] = rng.randrange(256)
        return bytes(raw[: rng.randrange(len(raw))] if rng.random() < 0.2 else raw)

    return one


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_whatever_is_damaged_the_error_is_ours(tmp_path: Path) -> None:
    whole = packed(tmp_path / "good.zip", "config.xml", "images/a.png", "result.json").read_bytes()
    mutate = mutations(whole, random.Random(5))
    outcomes = set()
    for number in range(500):
        (tmp_path / "evil.zip").write_bytes(mutate())
        try:
            archive.unpack(tmp_path / "evil.zip", tmp_path / "out" / str(number))
            outcomes.add("unpacked")
        except UnsafeArchive:
            outcomes.add("refused")
    assert outcomes == {"unpacked", "refused"}


@pytest.mark.parametrize("name", ["../x", "result.json\\..\\x"])
def test_a_refused_import_leaves_nothing_behind(tmp_path: Path, home: Path, name: str) -> None:
    with pytest.raises(UnsafeArchive):
        import_project(packed(tmp_path / "evil.zip", "config.xml", name), home)
    assert list((home / "projects").iterdir()) == []
    assert list_projects(home) == []


@pytest.mark.parametrize("folder", ["", "notes/", "deep name ü/"])
def test_a_good_zip_is_imported_with_or_without_a_folder_in_it(tmp_path: Path, home: Path, folder: str) -> None:
    export = write_export(tmp_path / "notes", tasks=5)
    (export / "images").mkdir()
    (export / "images" / "a.png").write_bytes(b"\x89PNG")
    with zipfile.ZipFile(tmp_path / "notes.zip", "w", zipfile.ZIP_DEFLATED) as out:
        for path in export.rglob("*"):
            out.write(path, folder + path.relative_to(export).as_posix())
        out.writestr("__MACOSX/._result.json", b"")
    report = import_project(tmp_path / "notes.zip", home)
    assert (report.project.name, report.tasks) == ("notes", 5)
    assert (report.project.folder / "images" / "a.png").read_bytes() == b"\x89PNG"
