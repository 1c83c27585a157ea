"""Which models there are, where their weights are, and getting them. Imports neither torch nor transformers."""

from lib.models.catalog import BASE, CATALOG, CHAT, EMBEDDED, SHIPPED, ModelSpec, Role, Wanted
from lib.models.errors import DownloadError, ModelError
from lib.models.folders import Location
from lib.models.getting import get
from lib.models.memory import fits
from lib.models.remote import is_remote, remote_id
from lib.models.store import default, gettable, local_models, problems, require, spec, where

__all__ = [
    "BASE",
    "CATALOG",
    "CHAT",
    "EMBEDDED",
    "SHIPPED",
    "DownloadError",
    "Location",
    "ModelError",
    "ModelSpec",
    "Role",
    "Wanted",
    "default",
    "fits",
    "get",
    "gettable",
    "is_remote",
    "local_models",
    "problems",
    "remote_id",
    "require",
    "spec",
    "where",
]
