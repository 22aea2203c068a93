"""The workspace's database: tables, transactions and the version of the schema."""

from genlab_widgets.database._database import FILE, Database, now
from genlab_widgets.database._patience import patiently
from genlab_widgets.database._tables import Moment, Words, deployments, metadata, models, runs, schema_version
from genlab_widgets.database._upgrades import SCHEMA_VERSION

__all__ = [
    "FILE",
    "SCHEMA_VERSION",
    "Database",
    "Moment",
    "Words",
    "deployments",
    "metadata",
    "models",
    "now",
    "patiently",
    "runs",
    "schema_version",
]
