"""Settings from the environment: ``GENLAB_HOME`` and its companions, in one place."""

from __future__ import annotations

import getpass
import os
from pathlib import Path

import platformdirs
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from genlab_widgets.errors import NotFound, WrongParameters


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user number stands in no list of users
        return f"user-{os.getuid()}"


PATHS = ("home", "cache", "minilm_folder", "templates", "licenses", "licensed_jars")
"""Settings that are paths."""


class Settings(BaseSettings):
    """What an installation can set. Each field is the environment variable ``GENLAB_<FIELD>``."""

    model_config = SettingsConfigDict(env_prefix="GENLAB_", extra="ignore")

    home: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("genlab")))
    """Workspace folder: projects, runs, models, database."""
    cache: Path = Field(default_factory=lambda: Path(platformdirs.user_cache_dir("genlab")))
    """Jars and embeddings. Can be carried to a machine without network."""
    database_url: str | None = None
    """Address of a team's database, ``postgresql://user@server/database`` (user guide, "A team's database"); the
    default is SQLite in the workspace."""
    spark_master: str = "local[2]"
    """Where Spark runs: ``local[n]``, ``spark://``, ``yarn`` or ``k8s://``."""
    driver_memory: str | None = None
    """Java heap of the Spark driver (``4g``); the default follows from the machine's memory."""
    slots: int | None = None
    """How many trainings may run at once; the default follows from cores and memory."""
    maven_url: str | None = None
    """Maven repository for Spark NLP's jars; the default is the one Spark itself uses."""
    minilm_folder: Path | None = None
    """A folder with MiniLM's safetensors and vocab.txt, for machines that reach no index."""
    templates: Path | None = None
    """A folder with training templates of one's own in place of ``notebooks/templates``."""
    licenses: Path = Field(default_factory=lambda: Path(os.path.expanduser("~")) / ".johnsnowlabs" / "licenses")
    """A licence file of John Snow Labs' libraries, or a folder of them; ``SPARK_NLP_LICENSE`` and ``SPARK_OCR_LICENSE``
    are read too. The default is where their own installer keeps them."""
    licensed_jars: Path = Field(
        default_factory=lambda: Path(os.path.expanduser("~")) / ".johnsnowlabs" / "java_installs"
    )
    """A folder with the jars of John Snow Labs' licensed libraries, as their own installer fetches them."""
    script_minutes: float = Field(default=720.0, gt=0)
    """Minutes after which a training script of one's own is ended."""
    user: str = Field(default_factory=_login_name)
    """Who acts; a member's name of the project."""

    @field_validator(*PATHS)
    @classmethod
    def _whole(cls, path: Path | None) -> Path | None:
        """Makes a path mean the same for everybody, also for a process that works in another folder."""
        try:
            return path.expanduser().absolute() if path is not None else None
        except RuntimeError as error:  # ~somebody
            raise ValueError(f"{path}: {error}") from error

    def environment(self) -> dict[str, str]:
        """Returns the variables that give another process the same paths."""
        paths = {f"GENLAB_{name.upper()}": getattr(self, name) for name in PATHS}
        return {name: str(path) for name, path in paths.items() if path is not None}


def load_settings() -> Settings:
    """Reads the environment now (tests and workers change it between calls).

    Raises:
        WrongParameters: A variable has a value that cannot be.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = {f"GENLAB_{item['loc'][0]}".upper(): item["msg"] for item in error.errors()}
        raise WrongParameters(
            f"A setting cannot be used: {', '.join(problems)}.",
            "; ".join(f"{name}: {message}" for name, message in problems.items()) + ".",
            "Correct the environment variable, or unset it.",
            fields=problems,
        ) from error


def notebooks_folder() -> Path:
    """Returns the folder of the app's notebooks: the checkout's beside the package, or the copy inside the wheel.

    Raises:
        NotFound: Neither is there.
    """
    package = Path(__file__).resolve().parent
    for folder in (package.parent / "notebooks", package / "_notebooks"):
        if (folder / "genlab.ipynb").is_file():
            return folder
    raise NotFound(
        "The notebooks of genlab-widgets are not installed.",
        f"genlab.ipynb is neither in {package.parent / 'notebooks'} nor in {package / '_notebooks'}.",
        "Install genlab-widgets again.",
    )


def template(name: str) -> Path:
    """Returns the training template ``<name>.ipynb`` (for example ``train_ner``).

    Raises:
        NotFound: There is no such template.
    """
    folder = load_settings().templates or notebooks_folder() / "templates"
    found = folder / f"{name}.ipynb"
    if not found.is_file():
        raise NotFound(
            f"The training template {name}.ipynb is missing.",
            f"It is not in {folder}.",
            "Install genlab-widgets again, or unset GENLAB_TEMPLATES.",
        )
    return found
