"""The door to `lib.engine.kernels`: nothing else imports from that room, and this file only when something is asked.

Without the kernels (PLAYGROUND_KERNELS=transformers) transformers' modules compute every model, and the door stays
shut: see `lib/engine/kernels/README.md`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lib.models import ModelError
from lib.settings import settings

if TYPE_CHECKING:
    import torch

    from lib.engine.batching.ragged_batch import Pass
    from lib.engine.stored_weights import StoredTensor


def wanted() -> bool:
    """Whether models that load now may use the kernels."""
    return settings().own_kernels


def check_dtype(dtype: str) -> None:
    """Raises ModelError for the one number format that only the kernels compute."""
    if dtype == "int8" and not wanted():
        raise ModelError(
            "int8 is computed by this app's own kernels, which PLAYGROUND_KERNELS=transformers turns off. "
            "Choose float32 or bfloat16."
        )


def knows(module: Any) -> bool:
    """Whether there is a short forward pass for this module's family, and it is wanted."""
    if not wanted():
        return False
    from lib.engine.kernels.fused_forward import kind_of

    return kind_of(module) is not None


def step_for(module: Any) -> "Callable[[Pass], torch.Tensor] | None":
    """The short forward pass: from a pass to the logits of its kept tokens, (R, V). None where `knows` says no."""
    if not wanted():
        return None
    from lib.engine.kernels import fused_forward

    return fused_forward.step_for(module)


def fill_int8(module: Any, tensors: "list[StoredTensor]", *, device: str) -> list[str]:
    """Pack the weights of these files into a module without memory; gives back the names of those that they lack.

    Raises ModelError without the kernels."""
    check_dtype("int8")
    from lib.engine.kernels import int8

    return int8.fill(module, tensors, device=device)
