"""A button that packs something and saves it in the user's downloads."""

from __future__ import annotations

from collections.abc import Callable

import traitlets

from genlab_widgets.widgets.parts.part import Part, script


class Download(Part):
    """Asks :meth:`serve`'s function for the bytes when it is clicked; nothing is packed before."""

    _esm = script("download")
    text = traitlets.Unicode("Download").tag(sync=True)
    busy = traitlets.Bool(False).tag(sync=True)
    content = traitlets.Bytes(b"").tag(sync=True)
    filename = traitlets.Unicode("download").tag(sync=True)
    media_type = traitlets.Unicode("application/zip").tag(sync=True)

    def serve(self, pack: Callable[[], tuple[str, bytes]]) -> None:
        """Sets what a click packs: file name and content."""

        def send() -> None:
            try:
                self.filename, self.content = pack()
            finally:
                self.content = b""  # the same bytes can be asked for again, and are not kept
                self.busy = False

        self.on("download", send)
