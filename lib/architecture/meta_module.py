"""The real PyTorch module without its weights: built on the meta device, walked and printed.

A configuration from outside is built in a process with bounds (`lib.architecture.building`), never in the one that
computes the models. Blocks are built one by one, not multiplied: which of them differ (experts, windows, shared keys)
stands in no key that all families have. 1,024 blocks of Llama take 2 seconds.
"""

import copy
import logging
import re
import warnings
from typing import Any

from lib.architecture.config_border import check_number
from lib.architecture.errors import ArchitectureError
from lib.architecture.module_tree import render, tree
from lib.architecture.parameter_ledger import LedgerRow
from lib.architecture.spec import LIMITS, Architecture

_BLOCK = re.compile(r"\.(?:h|layers|blocks|block|layer)\.(\d+)\.")
_NAME = re.compile(r"^\w*(?:Error|Exception): ")  # of an exception: no word for readers
_KINDS = (  # first match wins
    ("head", r"(^|\.)(lm_head|embed_out|output_projection)\."),
    ("positions", r"(wpe|position_embed|embed_positions|pos_emb)"),
    ("embedding", r"(embed|wte|word_embeddings)"),
    ("norm", r"(norm|ln_|layernorm|ln_f)"),
    ("attention", r"(attn|attention)"),
    ("mlp", r"(mlp|ffn|feed_forward|fc1|fc2|expert|moe)"),
)


# What says how a model is run or was stored, not what it consists of; and code from a repository, which never runs.
_IGNORED = (
    "auto_map",
    "attn_implementation",
    "_attn_implementation",
    "experts_implementation",
    "quantization_config",
    "num_labels",
    "id2label",
    "label2id",
)
# What no model comes near, by the names that transformers' own objects have for all families (attribute maps).
_MOST = {
    "num_hidden_layers": LIMITS["layers"],
    "num_attention_heads": LIMITS["heads"],
    "hidden_size": LIMITS["hidden_size"],
    "vocab_size": LIMITS["vocab_size"],
}


def configured(arch: Architecture) -> Any:
    """transformers' own object of the configuration, its sizes checked once more under the names it knows them by."""
    from transformers import AutoConfig, __version__
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    if arch.config.get("model_type") not in CONFIG_MAPPING_NAMES:
        raise ArchitectureError(
            f"transformers {__version__} knows no model type called {arch.family}, so its tensors are not known here."
        )
    if arch.config["model_type"] not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        raise ArchitectureError(
            f"A model of type {arch.family} does not write text token by token, as the models of this page do."
        )
    config = copy.deepcopy({key: value for key, value in arch.config.items() if key not in _IGNORED})
    try:
        found = AutoConfig.for_model(**config)
        text = found.get_text_config()
    except Exception as error:  # any of dozens of families may object in its own way
        raise _refused(arch, error) from error
    for part in (found, text):
        for name, most in _MOST.items():
            value = getattr(part, name, None)
            check_number(name, value)
            if isinstance(value, int) and value > most:
                raise ArchitectureError(
                    f"transformers reads {value:,} for {name} from this configuration; no model comes near that. This "
                    f"page goes up to {most:,} there."
                )
    return found


def build(arch: Architecture) -> Any:
    """The transformers model of `arch` with every weight on the meta device: shapes and names, no memory."""
    import torch
    from transformers import AutoModelForCausalLM

    with warnings.catch_warnings(), torch.device("meta"), torch.inference_mode(False):
        warnings.simplefilter("ignore")
        log = logging.getLogger("transformers")
        before = log.level
        log.setLevel(logging.ERROR)
        try:
            model = AutoModelForCausalLM.from_config(configured(arch), trust_remote_code=False)
            model.tie_weights()
        except ArchitectureError:
            raise
        except Exception as error:
            raise _refused(arch, error) from error
        finally:
            log.setLevel(before)
    return model.eval()


def _refused(arch: Architecture, error: Exception) -> ArchitectureError:
    """transformers' own reason, in one line. Some of them begin with a headline that says nothing."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip() and not line.endswith(":")]
    reason = _NAME.sub("", lines[0]).encode("utf-8", "replace").decode()[:200] if lines else "it gives no reason"
    return ArchitectureError(
        f"transformers cannot build a model of type {arch.family[:60]} from this configuration: {reason}"
    )


def sizes(arch: Architecture, rows: tuple[LedgerRow, ...]) -> dict[str, Any]:
    """What transformers' object says about a family that has no reader, where the tensors bear it out; otherwise 0.

    KV heads are left out: Falcon has one whatever `num_kv_heads` says, and other families have other words for it.
    """
    config = configured(arch).get_text_config()

    def size(*names: str) -> int:
        values = (getattr(config, name, None) for name in names)
        return next((v for v in values if isinstance(v, int) and not isinstance(v, bool) and v > 0), 0)

    layers, width, vocab = size("num_hidden_layers"), size("hidden_size"), size("vocab_size")
    blocks = {row.block for row in rows if row.block is not None}
    return {
        "layers": layers if len(blocks) == layers else 0,  # Bart's are those of its encoder, which is not built
        "hidden_size": width if any(row.shape[-1] == width for row in rows if len(row.shape) == 2) else 0,
        "heads": size("decoder_attention_heads", "num_attention_heads"),
        "vocab_size": vocab if any(row.shape[0] == vocab for row in rows if len(row.shape) == 2) else 0,
        "context": size("max_position_embeddings", "max_seq_len", "max_sequence_length"),
        "tied": any(row.component == "head" and row.shared for row in rows),
    }


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
