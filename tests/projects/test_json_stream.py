from __future__ import annotations

import json
import random
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from genlab_widgets.errors import BrokenJson, NotAProject
from genlab_widgets.projects import json_stream


@pytest.fixture(params=[1 << 18, 7, 1], ids=["large chunks", "seven bytes", "one byte"])
def chunk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Reads in pieces so small that every value is cut somewhere."""
    monkeypatch.setattr(json_stream, "_CHUNK", request.param)
    size: int = request.param
    return size


def written(tmp_path: Path, content: bytes | str) -> Path:
    path = tmp_path / "result.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def broken(tmp_path: Path, content: bytes | str) -> BrokenJson:
    with pytest.raises(BrokenJson, match=r"result\.json is not valid JSON") as caught:
        list(json_stream.items(written(tmp_path, content)))
    error = caught.value
    assert f"Line {error.details['line']}, column {error.details['column']}: " in error.why
    return error


VALUES: list[Any] = [
    {"id": 1, "text": 'Zoë 🙂 "quoted" \\ /\n', "nested": {"a": [1, 2.5, -3e-7, True, False, None, [], {}]}},
    {"id": 2, "lone": "a\ud800b", "nul": "\0", "cjk": "美玲"},
    12345678901234567890,
    -0.5,
    "text ] , [",
    None,
    [],
    {},
]


@pytest.mark.usefixtures("chunk")
@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_items_are_those_of_the_standard_parser(tmp_path: Path, indent: int | None, ascii_only: bool) -> None:
    content = json.dumps(VALUES if ascii_only else [VALUES[0], *VALUES[2:]], indent=indent, ensure_ascii=ascii_only)
    path = written(tmp_path, f" \r\n\t{content}\n ")
    assert list(json_stream.items(path)) == json.loads(content)


@pytest.mark.usefixtures("chunk")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_marks_and_wide_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    content = [{"text": "Zoë 🙂"}, {}]
    path = written(tmp_path, json.dumps(content, ensure_ascii=False).encode(encoding))
    assert list(json_stream.items(path)) == content


@pytest.mark.usefixtures("chunk")
@pytest.mark.parametrize(
    ("content", "line", "column", "said"),
    [
        ("", 1, 1, "ends too early"),
        ("  \n ", 2, 2, "ends too early"),
        ("[", 1, 2, "ends too early"),
        ('[{"id": 1}', 1, 11, "ends too early"),
        ('[{"id": 1},', 1, 12, "ends too early"),
        ('[\n {"id": 1},\n {"id"', 3, 7, "ends too early"),
        ('[\n{"a": "b', 2, 7, "Unterminated string"),
        ('[{"a": tru', 1, 8, "Expecting value"),
        ('[\n {"a": 1},\n {"b": oops}\n]', 3, 8, "Expecting value"),
        ('[\n {"ä": 1},\n {"ö": 2 "c": 3}]', 3, 10, "Expecting ',' delimiter"),
        ('[{"a": 1} {"b": 2}]', 1, 11, "comma"),
        ('[{"a": 1},]', 1, 11, "Expecting value"),
        ("[{'a': 1}]", 1, 3, "property name"),
        ('[{"a": "b\nc"}]', 1, 10, "control character"),
        (b'[{"a": "\0"}]', 1, 9, "control character"),
        ('[{"a": "\\x"}]', 1, 9, "escape"),
        ("[1]]", 1, 4, "goes on"),
        ('[]\n\n{"a": 1}', 3, 1, "goes on"),
        ("<html>", 1, 1, "Expecting value"),
        ('[{"a": 1},\n {"b": NaN}]', 2, 8, "NaN"),
        ('[{"a": "NaN \\" -Infinity", "b": -Infinity}]', 1, 33, "NaN and Infinity"),
        ("[Infinity]", 1, 2, "NaN and Infinity"),
        ('[{"a": 1},\n  {"b": [{"c": 1, "c": 2}]}]', 2, 3, "'c' stands twice"),
    ],
)
def test_every_fault_has_its_line_and_column(
    tmp_path: Path, content: bytes | str, line: int, column: int, said: str
) -> None:
    error = broken(tmp_path, content)
    assert said in error.why
    assert (error.details["line"], error.details["column"]) == (line, column)


@pytest.mark.parametrize("depth", [5_000, 1_000_000])
def test_deep_nesting_is_named_by_its_item(tmp_path: Path, depth: int) -> None:
    error = broken(tmp_path, '[\n"a",\n ' + "[" * depth + "]" * depth + "]")
    assert "nested too deeply" in error.why
    assert (error.details["line"], error.details["column"]) == (3, 2)


@pytest.mark.usefixtures("chunk")
@pytest.mark.parametrize("odd", [b"\xff", b"\xed\xa0\x80", b"\xc3"])
def test_bytes_that_are_not_utf_8_have_their_place(tmp_path: Path, odd: bytes) -> None:
    error = broken(tmp_path, '[{"a": "ä"},\n {"b": "ü'.encode() + odd + b'"}]')
    assert "UTF-8" in error.why
    assert (error.details["line"], error.details["column"]) == (2, 10)


@pytest.mark.parametrize("content", ["{}", '{"tasks": []}', "5", '"text"', "null", " true "])
def test_valid_json_that_is_no_list(tmp_path: Path, content: str) -> None:
    with pytest.raises(NotAProject, match="not a list of tasks"):
        list(json_stream.items(written(tmp_path, content)))


def test_a_fault_far_behind_is_found_without_reading_the_rest(tmp_path: Path) -> None:
    """The stream gives what is whole before the fault, and stops there."""
    good = json.dumps({"text": "x" * 1000})
    path = written(tmp_path, f"[{good},\n{good},\n{{'bad'}}" + f",\n{good}" * 5_000 + "]")
    stream = json_stream.items(path)
    assert len(list(islice(stream, 2))) == 2
    with pytest.raises(BrokenJson) as caught:
        next(stream)
    assert (caught.value.details["line"], caught.value.details["column"]) == (3, 2)


def test_memory_holds_little_more_than_an_item(tmp_path: Path) -> None:
    import tracemalloc

    item = json.dumps({"text": "x" * 2_000})
    path = written(tmp_path, "[" + ",".join([item] * 10_000) + "]")
    tracemalloc.start()
    count = sum(1 for _ in json_stream.items(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 10_000
    assert peak < 4 * 1024**2 < path.stat().st_size / 4


def test_a_long_item_takes_linear_time(tmp_path: Path) -> None:
    """Each failed try doubles the buffer: ten megabytes in one string are decoded a handful of times."""
    path = written(tmp_path, json.dumps([{"text": "long " * 2_000_000}]))
    (item,) = json_stream.items(path)
    assert len(item["text"]) == 10_000_000


def test_whatever_is_damaged_the_error_is_ours_and_its_place_lies_in_the_file(tmp_path: Path) -> None:
    whole = json.dumps([VALUES[0]] * 3, indent=1, ensure_ascii=False).encode()
    rng = random.Random(4)
    outcomes: dict[str, list[tuple[int, int]]] = {"read": [], "broken": [], "no list": []}
    for _ in range(400):
        raw = bytearray(whole)
        for _ in range(rng.randint(1, 3)):
            raw[rng.randrange(len(raw))] = rng.randrange(256)
        path = written(tmp_path, bytes(raw[: rng.randrange(len(raw))] if rng.random() < 0.3 else raw))
        try:
            list(json_stream.items(path))
            outcomes["read"].append((1, 1))
        except BrokenJson as error:
            outcomes["broken"].append((error.details["line"], path.read_bytes().count(b"\n") + 1))
        except NotAProject:
            outcomes["no list"].append((1, 1))
    assert len(outcomes["broken"]) > 100
    assert outcomes["read"]
    assert all(1 <= line <= lines for line, lines in outcomes["broken"])


def test_a_document_is_one_value(tmp_path: Path) -> None:
    assert json_stream.document(written(tmp_path, '\ufeff{"name": "ä"}\n')) == {"name": "ä"}
    for content in ("", "{", '{"a": 1, "a": 2}', "{} {}", '{"a": NaN}'):
        with pytest.raises(BrokenJson):
            json_stream.document(written(tmp_path, content))
