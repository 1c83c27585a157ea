"""Where things are kept and how much is allowed: the environment, read into one frozen dataclass.

Knows nothing of Streamlit, torch or the network.
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from lib.errors import PlaygroundError
from lib.numbers import Number

_OFF = {"0", "false", "no", "off"}
# Community Cloud clones an app's repository to /mount/src and keeps its packages in /home/adminuser/venv: so the
# tracebacks that its users post at discuss.streamlit.io have it. It sets no variable that is documented.
_COMMUNITY_CLOUD = Path(__file__).is_relative_to("/mount/src") or Path(sys.prefix).is_relative_to("/home/adminuser")
_COUNT = Number(1, 1_000_000, whole=True)


@dataclass(frozen=True)
class Settings:
    """Folders and limits. Sizes are in the unit that the name says."""

    home: Path  # our own cache: converted models, locks
    model_folders: tuple[Path, ...]  # PLAYGROUND_MODELS: model folders, or folders of model folders
    hub_cache: Path  # the Hugging Face cache, read only
    hub_endpoint: str
    offline: bool  # the hub is never asked (HF_HUB_OFFLINE)
    remote_url: str  # an OpenAI-compatible endpoint, "" for none
    remote_model: str
    remote_tokenizer: str  # a tokenizer's name or a model folder, where the remote model is not in the catalog
    max_prompt_chars: int = 1_000_000
    max_new_tokens: int = 512
    slots: int = 16  # PLAYGROUND_SLOTS: requests one model computes at the same time, the others queue
    dtype: str = "auto"  # PLAYGROUND_DTYPE: what models compute in where a page does not ask for more
    engine_inside: bool = False  # PLAYGROUND_ENGINE=inside: models in the pages' process, not in one of their own
    own_kernels: bool = True  # PLAYGROUND_KERNELS=transformers: all models computed by transformers' own modules
    class_db: Path | None = None  # PLAYGROUND_CLASS_DB: a SQLite file that keeps the rooms of classes; None: memory
    training: bool = True  # PLAYGROUND_TRAINING=0: nobody trains a model on this server
    training_minutes: int = 15  # PLAYGROUND_TRAINING_MINUTES: a stage of a training run that takes longer is ended
    public: bool = False  # PLAYGROUND_PUBLIC=1: strangers use this server
    teacher_key: str = ""  # PLAYGROUND_TEACHER_KEY: who has it may get, unload and train models on a public host
    connect_seconds: float = 3.0  # after this an unreachable host is given up


def settings() -> Settings:
    """Read the environment. Cheap; called where needed, so that tests can change the environment.

    Raises PlaygroundError where there is no place for what the app keeps.
    """
    env = os.environ
    hf_home = _folder(env.get("HF_HOME") or "~/.cache/huggingface")
    folders = [_folder(part) for part in env.get("PLAYGROUND_MODELS", "").split(os.pathsep) if part.strip()]
    return Settings(
        home=_home(_folder(env.get("PLAYGROUND_HOME") or "~/.cache/llm-playground")),
        model_folders=tuple(folders),
        hub_cache=_folder(env.get("HF_HUB_CACHE") or str(hf_home / "hub")),
        hub_endpoint=(env.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/"),
        offline=env.get("HF_HUB_OFFLINE", "").lower() in {"1", "true", "yes", "on"},
        remote_url=env.get("PLAYGROUND_REMOTE_URL", "").strip(),
        remote_model=env.get("PLAYGROUND_REMOTE_MODEL", "").strip(),
        remote_tokenizer=env.get("PLAYGROUND_REMOTE_TOKENIZER", "").strip(),
        dtype=env.get("PLAYGROUND_DTYPE", "").strip().lower() or Settings.dtype,
        engine_inside=env.get("PLAYGROUND_ENGINE", "").strip().lower() == "inside",
        own_kernels=env.get("PLAYGROUND_KERNELS", "").strip().lower() != "transformers",
        class_db=_folder(database) if (database := env.get("PLAYGROUND_CLASS_DB", "").strip()) else None,
        training=env.get("PLAYGROUND_TRAINING", "").strip().lower() not in _OFF,
        training_minutes=_at_least_one(env.get("PLAYGROUND_TRAINING_MINUTES", ""), Settings.training_minutes),
        slots=_at_least_one(env.get("PLAYGROUND_SLOTS", ""), Settings.slots),
        public=is_public(),
        teacher_key=env.get("PLAYGROUND_TEACHER_KEY", "").strip(),
    )


def is_public() -> bool:
    """Whether strangers use this server: PLAYGROUND_PUBLIC says so, or it is Streamlit Community Cloud."""
    said = os.environ.get("PLAYGROUND_PUBLIC", "").strip().lower()
    return said not in _OFF if said else _COMMUNITY_CLOUD


def _at_least_one(text: str, default: int) -> int:
    """A whole number from 1 up; the default for anything else.

    >>> [_at_least_one(text, 16) for text in ("4", "", "0", "-3", "many", "9" * 5000)]
    [4, 16, 16, 16, 16, 16]
    """
    return int(_COUNT.read(text.strip()) or default)


def _folder(text: str) -> Path:
    """A path in which ~ is the home of who runs this; it stays where they have none (no HOME, a nameless user)."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def _home(folder: Path) -> Path:
    if folder.parts[:1] == ("~",):
        raise PlaygroundError(
            "Whoever runs this app has no home folder, so there is no place for models. Name one in PLAYGROUND_HOME."
        )
    return folder
