"""A model behind an OpenAI-compatible server, named in the settings: described like the others, computed elsewhere.

Its tokenizer must be known here, because prompts are sent as ids: by the model's name if it is one of the catalog's,
or as PLAYGROUND_REMOTE_TOKENIZER says (a tokenizer's name or a model folder).
"""

from dataclasses import replace

from lib.models.catalog import CATALOG, EMBEDDED, ModelSpec
from lib.models.errors import ModelError
from lib.settings import settings

PREFIX = "remote:"


def is_remote(model_id: str) -> bool:
    """Whether an id names the model of the remote server."""
    return model_id.startswith(PREFIX)


def remote_id() -> str | None:
    """The id of the remote model, or None if no server is set up."""
    chosen = settings()
    return PREFIX + chosen.remote_model if chosen.remote_url and chosen.remote_model else None


def remote_spec(model_id: str) -> ModelSpec:
    """The remote model's description. Raises ModelError if it is not the one in the settings or has no tokenizer."""
    if model_id != remote_id():
        raise ModelError(
            "There is no remote model of that name: PLAYGROUND_REMOTE_URL and PLAYGROUND_REMOTE_MODEL "
            "name the server and its model."
        )
    name = model_id.removeprefix(PREFIX)
    wanted = name.lower()
    known = next(
        (
            spec
            for spec in CATALOG.values()
            if wanted in {spec.id, spec.hub_id.lower(), spec.hub_id.lower().split("/")[-1]}
        ),
        None,
    )
    tokenizer = settings().remote_tokenizer
    if known is None and not tokenizer:
        raise ModelError(
            f"The app does not know which tokenizer {name} uses. Name it in PLAYGROUND_REMOTE_TOKENIZER: "
            "gpt2, qwen1.5, qwen (for 2.5), qwen3, smollm2, or a folder with its tokenizer.json."
        )
    if known is None:
        blank = CATALOG[EMBEDDED]
        known = replace(
            blank,
            hub_id="",
            family="remote",
            licence="",
            download_bytes=0,
            parameters=0,
            context=4096,
            template="",
            layers=0,
            hidden_size=0,
            kv_width=0,
            vocab_size=0,
        )
    return replace(
        known,
        id=model_id,
        name=f"{name.split('/')[-1]} (remote)",
        tokenizer=tokenizer or known.tokenizer,
        role="instruct" if known.family == "remote" else known.role,
    )
