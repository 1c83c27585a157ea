"""The real PyTorch module without its weights: built on the meta device, walked and printed.

The only files of this room that import torch are this one, `trace`, `steps` and `linear`.
"""

import copy
import logging
import re
import warnings
from typing import Any

from lib.architecture.errors import ArchitectureError
from lib.architecture.module_tree import render, tree
from lib.architecture.parameter_ledger import LedgerRow
from lib.architecture.spec import Architecture

_BLOCK = re.compile(r"\.(?:h|layers|blocks|block|layer)\.(\d+)\.")
_KINDS = (  # first match wins
    ("head", r"(^|\.)(lm_head|embed_out|output_projection)\."),
    ("positions", r"(wpe|position_embed|embed_positions|pos_emb)"),
    ("embedding", r"(embed|wte|word_embeddings)"),
    ("norm", r"(norm|ln_|layernorm|ln_f)"),
    ("attention", r"(attn|attention|mixer)"),
    ("mlp", r"(mlp|ffn|feed_forward|fc1|fc2|expert|moe)"),
)


def build(arch: Architecture) -> Any:
    """The transformers model of `arch` with every weight on the meta device: shapes and names, no memory."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    config = copy.deepcopy(dict(arch.config))
    config.pop("auto_map", None)  # never code from a repository
    try:
        with warnings.catch_warnings(), torch.device("meta"), torch.inference_mode(False):
            warnings.simplefilter("ignore")
            log = logging.getLogger("transformers")
            before = log.level
            log.setLevel(logging.ERROR)
            try:
                model = AutoModelForCausalLM.from_config(AutoConfig.for_model(**config), trust_remote_code=False)
            finally:
                log.setLevel(before)
    except Exception as error:  # any of dozens of families may object in its own way
        raise ArchitectureError(
            f"transformers cannot build a model of type {arch.family[:60]!r} from this configuration: "
            f"{str(error).strip().splitlines()[0][:200] if str(error).strip() else 'no reason given'}"
        ) from error
    model.tie_weights()
    return model.eval()


def count(arch: Architecture) -> int:
    """Parameters of the real module, tied weights once."""
    return sum(parameter.numel() for parameter in build(arch).parameters())


def printed(arch: Architecture) -> tuple[str, int]:
    """The real module's folded tree as text, and PyTorch's own count of its parameters."""
    model = build(arch)
    return render(tree(model)), sum(parameter.numel() for parameter in model.parameters())


def walk(arch: Architecture, tied: bool = True) -> tuple[LedgerRow, ...]:
    """The rows of the ledger from the module itself, for families without arithmetic of their own."""
    model = build(arch)
    seen: dict[int, str] = {}
    rows = []
    for name, parameter in model.named_parameters(remove_duplicate=False):
        first = seen.setdefault(id(parameter), name)
        shared = first if first != name and tied else ""
        match = _BLOCK.search(name)
        kind = next((kind for kind, pattern in _KINDS if re.search(pattern, name)), "other")
        rows.append(
            LedgerRow(
                name,
                kind,
                int(match[1]) if match else None,
                tuple(parameter.shape),
                0 if shared else parameter.numel(),
                shared,
            )
        )
    return tuple(rows)
