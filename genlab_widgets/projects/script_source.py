"""The text of a training script: read from a ``.py`` or a notebook, and checked without running any of it."""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from genlab_widgets.errors import BadTrainingScript

FUNCTION = "train"
PARAMETERS = ("spark", "rows", "parameters", "report")
SIGNATURE = f"{FUNCTION}({', '.join(PARAMETERS)})"
MAX_BYTES = 1_000_000
PYTHON, NOTEBOOK = ".py", ".ipynb"
_GUIDE = "The user guide has an example (docs/example_script.py)."
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Scope = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


class Cell(NamedTuple):
    """A piece of a script that is compiled as one: a whole ``.py``, or a code cell of a notebook.

    Attributes:
        source: Its text.
        number: Which code cell it is, from 1; 0 for a ``.py``.
        line: Line of :func:`joined` on which it begins, from 1.
        parameters: Whether it carries papermill's tag ``parameters``.
    """

    source: str
    number: int = 0
    line: int = 1
    parameters: bool = False

    def place(self, line: int) -> str:
        """Names a line of the cell, counted from 1."""
        return f"code cell {self.number}, line {line}" if self.number else f"line {line}"


def read(content: bytes, name: str) -> list[Cell]:
    """Reads a script and checks it: nothing of it runs.

    Args:
        content: The file's bytes.
        name: Its name; the ending tells what it is.

    Returns:
        Its cells; a ``.py`` is one.

    Raises:
        BadTrainingScript: It is too large, is no UTF-8, does not compile, or does not declare the function ``train``
            with its parameters and a return; a notebook lacks a cell with the tag ``parameters``. ``details`` hold
            ``line``, and ``cell`` of a notebook.
    """
    if len(content) > MAX_BYTES:
        raise _bad(
            f"{name} is too large for a training script.",
            f"It has {len(content):,} bytes, {MAX_BYTES:,} are allowed.",
            "Clear the outputs of a notebook, keep data out of the script, and upload it again.",
        )
    text = _decoded(content, name)
    cells = list(_cells(text, name)) if name.lower().endswith(NOTEBOOK) else [Cell(text)]
    found: tuple[Cell, _Function] | None = None
    for cell in cells:
        for node in _parsed(cell, name).body:
            if isinstance(node, _Function) and node.name == FUNCTION:
                found = cell, node
    if found is None:
        raise _bad(
            f"{name} declares no function {FUNCTION}.",
            f"What runs is {SIGNATURE}, and it has to stand at the top level, not inside a class, function or if.",
            f"Declare it and upload the script again. {_GUIDE}",
        )
    _check_function(*found, name)
    if cells[0].number and not any(cell.parameters for cell in cells):
        raise _bad(
            f"{name} has no cell with the tag parameters.",
            "papermill puts the settings of a training in place of the values in that cell.",
            "Give the cell with the settings the tag 'parameters' (in JupyterLab: Property Inspector), and upload it "
            "again.",
        )
    return cells


def joined(cells: Sequence[Cell]) -> str:
    """Returns a script as one text; cells of a notebook stand below each other, each under a line with its number."""
    return "".join(f"{_head(cell)}{cell.source}\n\n" for cell in cells) if cells[0].number else cells[0].source


def compiled(cell: Cell, filename: str, flags: int = 0) -> Any:
    """Returns a cell's code; its line numbers are those of :func:`joined`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an odd escape in somebody's string is nothing to tell people of
        return compile("\n" * (cell.line - 1) + cell.source, filename, "exec", flags, dont_inherit=True)


def cell_at(cells: Sequence[Cell], line: int) -> str:
    """Names a line of :func:`joined` as its author sees it."""
    cell = max((cell for cell in cells if cell.line <= line), key=lambda cell: cell.line, default=cells[0])
    return cell.place(line - cell.line + 1)


def _decoded(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _bad(
            f"{name} is not UTF-8 text.",
            f"Line {line} holds the byte 0x{content[error.start]:02x}, which no UTF-8 text has there.",
            "Save it as UTF-8 and upload it again.",
            line=line,
        ) from error


def _cells(text: str, name: str) -> Iterator[Cell]:
    """Yields the code cells of a notebook."""
    line = 1
    for number, (source, tags) in enumerate(_code_cells(text, name), 1):
        cell = Cell(source, number, line + 1, "parameters" in tags)
        line += (_head(cell) + source + "\n\n").count("\n")
        yield cell


def _code_cells(text: str, name: str) -> list[tuple[str, list[Any]]]:
    try:
        notebook = json.loads(text)
        if notebook["nbformat"] < 4:
            raise _bad(
                f"{name} is a notebook of an old format.",
                f"Its nbformat is {notebook['nbformat']}, needed is 4.",
                "Open it in Jupyter, save it and upload it again.",
            )
        found = [
            ("".join(cell["source"]), list(cell.get("metadata", {}).get("tags", [])))
            for cell in notebook["cells"]
            if cell["cell_type"] == "code"
        ]
    except json.JSONDecodeError as error:
        raise _bad(
            f"{name} is not a notebook.",
            f"Line {error.lineno}, column {error.colno}: {error.msg}.",
            "Save it in Jupyter and upload it again; a plain script ends in .py.",
            line=error.lineno,
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _bad(
            f"{name} is not a notebook.",
            "It is JSON, but not what Jupyter saves: cells, each with a type and a source.",
            "Save it in Jupyter and upload it again.",
        ) from error
    if not found:
        raise _bad(f"{name} has no code cell.", "", f"Declare {SIGNATURE} in one. {_GUIDE}")
    return found


def _head(cell: Cell) -> str:
    return f"# %% code cell {cell.number}{' (parameters)' if cell.parameters else ''}\n"


def _parsed(cell: Cell, name: str) -> ast.Module:
    try:
        alone = Cell(cell.source)
        compiled(alone, name)  # also finds what parses and is not allowed, such as a return outside
        tree: ast.Module = compiled(alone, name, ast.PyCF_ONLY_AST)
        return tree
    except SyntaxError as error:
        line = min(error.lineno or 1, cell.source.count("\n") + 1)
        text = cell.source.split("\n")[line - 1].strip()
        step = f"Correct {cell.place(line)} and upload it again."
        if cell.number and text.startswith(("%", "!")):
            step = "Remove commands of the notebook (lines that begin with % or !) and upload it again."
        raise _bad(
            f"{name} does not compile.",
            f"{cell.place(line).capitalize()}: {error.msg}" + (f" ({text[:80]})." if text else "."),
            step,
            line=line,
            **({"cell": cell.number} if cell.number else {}),
        ) from error
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise _bad(
            f"{name} does not compile.",
            f"Python says: {str(error) or type(error).__name__}.",
            "Remove characters that are no text, and nesting that is too deep; then upload it again.",
        ) from error


def _check_function(cell: Cell, function: _Function, name: str) -> None:
    def bad(what: str, why: str, step: str, line: int = function.lineno) -> BadTrainingScript:
        where = {"line": line, **({"cell": cell.number} if cell.number else {})}
        return _bad(f"{name}, {cell.place(line)}: {what}", why, f"{step} and upload it again. {_GUIDE}", **where)

    if isinstance(function, ast.AsyncFunctionDef):
        step = f"Write 'def {FUNCTION}'"
        raise bad(f"{FUNCTION} is declared async.", "It is called once and has to return the model.", step)
    missing, needless = _parameters(function.args)
    if missing:
        names = f"parameter{'s' if len(missing) > 1 else ''} {', '.join(missing)}"
        raise bad(f"{FUNCTION} lacks the {names}.", f"It is called as {SIGNATURE}.", f"Declare 'def {SIGNATURE}:'")
    if needless:
        why = f"It is called as {SIGNATURE}: nobody gives {', '.join(needless)} a value."
        raise bad(f"{FUNCTION} asks for more than it is given.", why, "Remove it, or give it a default")
    inside = list(_own_nodes(function))
    yielding = next((node.lineno for node in inside if isinstance(node, ast.Yield | ast.YieldFrom)), None)
    if yielding is not None:
        raise bad(f"{FUNCTION} yields.", "It has to return one fitted model.", "Return the model", yielding)
    if not any(isinstance(node, ast.Return) and node.value is not None for node in inside):
        why = "A training ends with what it returns: a fitted pyspark PipelineModel."
        raise bad(f"{FUNCTION} returns nothing.", why, "Return the model")


def _parameters(given: ast.arguments) -> tuple[list[str], list[str]]:
    """Returns the parameters that a declaration lacks, and those that it needs beyond them."""
    named = given.args + given.kwonlyargs
    missing = [name for name in PARAMETERS if name not in {arg.arg for arg in named} and given.kwarg is None]
    positional = given.posonlyargs + given.args
    without = positional[: len(positional) - len(given.defaults)]
    without += [arg for arg, default in zip(given.kwonlyargs, given.kw_defaults, strict=True) if default is None]
    return missing, [arg.arg for arg in without if arg.arg not in PARAMETERS]


def _own_nodes(function: _Function) -> Iterator[ast.expr | ast.stmt]:
    """Yields what a function does itself, without the functions and classes inside it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.expr | ast.stmt):
            yield node
        if not isinstance(node, _Scope):
            waiting += ast.iter_child_nodes(node)


def _bad(what: str, why: str, next_step: str, **details: Any) -> BadTrainingScript:
    return BadTrainingScript(what, why, next_step, **details)
