"""The executed notebook of a run: opened in JupyterLab, or shown inside the page where nothing else can open it."""

from __future__ import annotations

from pathlib import Path

import ipywidgets

from genlab_widgets.errors import NotFound
from genlab_widgets.widgets.pages.environment import lab_address
from genlab_widgets.widgets.pages.page import Page, row, show, text
from genlab_widgets.widgets.parts import Frame, h


class NotebookView(ipywidgets.Box):
    """A panel with the notebook as a document without scripts, and a link where JupyterLab can open it."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.add_class("genlab-panel")
        self.add_class("genlab-stack")
        self.frame = Frame()
        self.note = text()
        self.children = (
            row(self.note, page.button("Close notebook", self.close_panel), style="genlab-between"),
            self.frame,
        )
        show(self, False)

    def present(self, path: Path, title: str) -> None:
        """Shows a notebook.

        Raises:
            NotFound: It is not there (yet).
        """
        self.frame.document = as_html(path)
        self.frame.label = f"Notebook of {title}"
        address = lab_address(path)
        link = h("a", "Open it in JupyterLab", href=address, target="_blank", rel="noopener") if address else None
        self.note.value = h("p", h("strong", f"Notebook of {title}. "), link or f"The file is {path}.")
        show(self, True)

    def close_panel(self) -> None:
        """Closes the panel."""
        self.frame.document = ""
        show(self, False)


def as_html(path: Path) -> str:
    """Returns an executed notebook as one HTML document.

    Scripts in it don't run: it is shown in a sandbox, and nbconvert is asked to sanitise what cells printed.

    Raises:
        NotFound: There is no notebook, or it cannot be read.
    """
    import nbformat
    from nbconvert import HTMLExporter

    step = "Download the logs: they hold all that is there."
    if not path.is_file():
        raise NotFound("This run has no notebook yet.", "It is written when the training starts.", step, path=str(path))
    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:  # nbformat raises its own kinds for each way in which a file can be broken
        why = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        raise NotFound("The notebook of this run cannot be read.", f"{why}.", step, path=str(path)) from error
    exporter = HTMLExporter(template_name="lab", sanitize_html=True, embed_images=True)
    # No address of a script server in the document: without network it would only delay the page.
    exporter.require_js_url = exporter.mathjax_url = exporter.mermaid_js_url = exporter.jquery_url = ""
    document, _ = exporter.from_notebook_node(notebook)
    return str(document)
