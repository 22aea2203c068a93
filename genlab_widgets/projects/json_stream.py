"""Streams the items of one large JSON list, and names the line and column where a file is broken.

The standard decoder takes one item after the other out of a buffer that holds little more than the largest item, so
memory does not grow with the file.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from genlab_widgets.errors import BrokenJson, NotAProject

_CHUNK = 1 << 18
_MARGIN = 32
"""A fault this near the end of the buffer may be a number, literal or escape that goes on in the next chunk."""
_BLANKS = re.compile(r"[ \t\n\r]*")
_STRING_OR_CONSTANT = re.compile(r'"(?:[^"\\]|\\.)*+"|(NaN|-?Infinity)', re.S)


def items(path: Path) -> Iterator[Any]:
    """Yields the items of the file's list, in order. UTF-8 with or without mark, UTF-16 and UTF-32 are read.

    Raises:
        BrokenJson: The file is no valid JSON; details hold ``line`` and ``column``.
        NotAProject: It is valid so far, but no list.
    """
    with path.open("rb") as file:
        buffer = _Buffer(path, file)
        if buffer.next_character() not in ("[", "{"):
            buffer.value()
        if buffer.next_character() != "[":
            raise NotAProject(
                f"{path.name} is not a list of tasks.", "", "Export the project as JSON again.", path=str(path)
            )
        buffer.position += 1
        if buffer.next_character() == "]":
            buffer.position += 1
        else:
            yield from _items(buffer)
        buffer.end()


def document(path: Path) -> Any:
    """Returns the one value that a small file holds.

    Raises:
        BrokenJson: The file is no valid JSON; details hold ``line`` and ``column``.
    """
    with path.open("rb") as file:
        buffer = _Buffer(path, file)
        value = buffer.value()
        buffer.end()
    return value


def _items(buffer: _Buffer) -> Iterator[Any]:
    while True:
        yield buffer.value()
        after = buffer.next_character()
        if after not in (",", "]"):
            buffer.fail("a comma or the end of the list is expected here" if after else "the file ends too early")
        buffer.position += 1
        if after == "]":
            return


class _Constant(ValueError):
    """NaN or Infinity, which JSON does not have."""


class _RepeatedKey(ValueError):
    """A key that stands twice in one object."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuses repeated keys: the decoder would keep the last one and lose the others in silence."""
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        raise _RepeatedKey(next(key for key in keys if keys.count(key) > 1))
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise _Constant(name)


class _Buffer:
    """The part of the file that is being decoded."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self.text = ""
        self.position = 0
        self.line, self.column = 1, 1
        """Place of the buffer's first character in the file."""
        self._file = file
        self._characters = codecs.getincrementaldecoder(json.detect_encoding(file.read(4)))()
        file.seek(0)
        self._json = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse_constant)
        self._ended = False

    def next_character(self) -> str:
        """Steps over blanks; returns the character there, empty at the end of the file."""
        while True:
            found = _BLANKS.match(self.text, self.position)
            self.position = found.end() if found else self.position
            if self.position < len(self.text):
                return self.text[self.position]
            if not self._grow():
                return ""

    def value(self) -> Any:
        """Decodes one value and steps behind it, reading on as long as the file may hold the rest of it."""
        if not self.next_character():
            self.fail("the file ends too early")
        while True:
            try:
                value, end = self._json.raw_decode(self.text, self.position)
            except json.JSONDecodeError as error:
                if self._may_go_on(error) and self._grow():
                    continue
                self.fail("the file ends too early" if error.pos >= len(self.text) else error.msg, error.pos)
            except RecursionError:
                self.fail("it is nested too deeply")
            except _Constant:
                self.fail("NaN and Infinity are not JSON", self._constant())
            except _RepeatedKey as error:
                self.fail(f"the key {str(error)!r} stands twice in one object of the item that begins here")
            except ValueError as error:
                self.fail(str(error))
            if end == len(self.text) and self._grow():
                continue
            self.position = end
            return value

    def end(self) -> None:
        """Refuses anything but blanks behind what was decoded."""
        if self.next_character():
            self.fail("the file goes on after its end")

    def fail(self, why: str, position: int | None = None) -> NoReturn:
        """Raises the error for a place in the buffer; default: where decoding stands."""
        line, column = self._place(self.position if position is None else position)
        raise BrokenJson(
            f"{self.path.name} is not valid JSON.",
            f"Line {line}, column {column}: {why}.",
            "Export the project again; nothing was imported.",
            path=str(self.path),
            line=line,
            column=column,
        )

    def _may_go_on(self, error: json.JSONDecodeError) -> bool:
        return error.msg.startswith("Unterminated string") or error.pos > len(self.text) - _MARGIN

    def _grow(self) -> bool:
        """Drops what is decoded and reads on, twice as much each time nothing was dropped; False at the end."""
        if self._ended:
            return False
        self.line, self.column = self._place(self.position)
        self.text, self.position = self.text[self.position :], 0
        content = self._file.read(max(_CHUNK, len(self.text)))
        self._ended = not content
        try:
            self.text += self._characters.decode(content, self._ended)
        except UnicodeDecodeError as error:
            self.text += error.object[: error.start].decode(error.encoding, "replace")
            self.fail(f"the bytes there are not {error.encoding.upper()}", len(self.text))
        return True

    def _place(self, position: int) -> tuple[int, int]:
        breaks = self.text.count("\n", 0, position)
        if not breaks:
            return self.line, self.column + position
        return self.line + breaks, position - self.text.rindex("\n", 0, position)

    def _constant(self) -> int:
        places = (found for found in _STRING_OR_CONSTANT.finditer(self.text, self.position) if found.group(1))
        return next((found.start() for found in places), self.position)
