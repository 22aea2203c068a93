"""``genlab app``: the pages in a browser, served by Voila on this machine only, behind a random token."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import click

from genlab_widgets.cli.output import note, say
from genlab_widgets.errors import NotEnoughResources, WrongParameters
from genlab_widgets.settings import load_settings, notebooks_folder

LOOPBACK = "127.0.0.1"
DEFAULT_PORT = 8866
START_SECONDS = 60.0
"""How long Voila may take until it answers; 3 s is usual."""


@click.command("app")
@click.option("--port", type=int, help=f"Port; the default is {DEFAULT_PORT}, or a free one when that is taken.")
@click.option("--browser/--no-browser", default=True, help="Open the page in the browser.")
def app(port: int | None, browser: bool) -> int:
    """Open the pages (Train, History, Models ...) in a browser.

    Serves on this machine's loopback address only. The printed address carries a random token: without it nobody
    gets in. Ctrl-C ends the pages; trainings go on.
    """
    # A plain "kill" shall end Voila as Ctrl-C does, not leave it behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    port = choose_port(port)
    token = secrets.token_urlsafe(32)
    server = start_voila(notebooks_folder() / "genlab.ipynb", port, token)
    address = f"http://{LOOPBACK}:{port}/?token={token}"
    door: Path | None = None
    try:
        wait_until_up(server, port)
        say(f"GenLab is open at\n\n  {address}\n")
        note("Ctrl-C ends it; trainings go on.")
        if browser:
            door = _open_browser(address)
        return server.wait()
    except KeyboardInterrupt:
        note("Closed. Running trainings go on: genlab runs")
        return 0
    finally:
        _end(server)
        if door is not None:
            door.unlink(missing_ok=True)


def choose_port(port: int | None) -> int:
    """Returns the port asked for, the default one, or a free one where the default is taken.

    Raises:
        WrongParameters: The port asked for is taken or not allowed.
    """
    for candidate in (DEFAULT_PORT, 0) if port is None else (port,):
        try:
            with socket.create_server((LOOPBACK, candidate)) as probe:
                return int(probe.getsockname()[1])
        except (OSError, OverflowError) as error:
            problem = error
    raise WrongParameters(
        f"The app cannot listen on port {port}.", f"{problem}.", "Name another one with --port, or leave it out."
    ) from problem


def start_voila(notebook: Path, port: int, token: str) -> subprocess.Popen[bytes]:
    """Starts Voila on the loopback address.

    The token travels in the environment, not among the arguments: those every user of the machine can read.
    """
    paths = load_settings().environment()  # it works in the notebook's folder
    command = [
        sys.executable,
        "-P",
        "-m",
        "genlab_widgets.cli.voila_server",
        notebook.name,
        "--no-browser",
        "--Voila.auto_token=True",
    ]
    command += [f"--Voila.ip={LOOPBACK}", f"--Voila.port={port}", "--Voila.port_retries=0", "--Voila.log_level=WARN"]
    return subprocess.Popen(command, cwd=notebook.parent, env={**os.environ, **paths, "JUPYTER_TOKEN": token})


def wait_until_up(server: subprocess.Popen[bytes], port: int) -> None:
    """Returns once the server answers (any answer, also "log in first").

    Raises:
        NotEnoughResources: It ended or stayed silent.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"http://{LOOPBACK}:{port}/login", timeout=5)
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    raise NotEnoughResources(
        "The app did not start.",
        f"Voila {'ended at once' if server.poll() is not None else f'gave no answer for {START_SECONDS:.0f} s'}.",
        "Its messages above say why; 'genlab doctor' checks this machine.",
    )


def _open_browser(address: str) -> Path:
    """Opens the browser on a page that only this user can read and that leads on to the address; returns the page.

    The address itself would show the token to every user of the machine, as an argument of the browser's process.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".html", prefix="genlab-", delete=False) as page:
        page.write(f'<meta http-equiv="refresh" content="0; url={address}"><a href="{address}">GenLab</a>')
    click.launch(Path(page.name).as_uri())
    return Path(page.name)


def _end(server: subprocess.Popen[bytes]) -> None:
    """Ends Voila, which ends its kernels; the workers of trainings live in sessions of their own."""
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()
