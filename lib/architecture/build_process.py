"""The process in which configurations from outside are built: `python -m lib.architecture.build_process LIMITS`."""

import json
from dataclasses import astuple
from typing import Any

from lib.architecture import meta_module
from lib.architecture.config_readers import read
from lib.bounded_process import serve


def handle(question: dict[str, Any]) -> Any:
    """`walk` or `printed` of a configuration."""
    arch = read(json.loads(question["config"]))
    if question["what"] == "printed":
        return meta_module.printed(arch)
    rows = meta_module.walk(arch, question["tied"])
    return [astuple(row) for row in rows], meta_module.sizes(arch, rows)


if __name__ == "__main__":
    import torch  # noqa: F401 (before the limits are set: what an import takes is not the configuration's)
    from transformers import AutoConfig, AutoModelForCausalLM  # noqa: F401
    from transformers.modeling_utils import PreTrainedModel  # noqa: F401

    serve(handle)
