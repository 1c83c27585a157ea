"""The program that computes what is on screen, with transformers alone; tests run it and compare. No Streamlit here."""

from collections.abc import Sequence

from lib.ui.next_token.distribution import Knobs

_HEAD = """\
import torch
from transformers import AutoModelForCausalLM{imports}

from lib import models  # run this in the app's folder; it only says where the weights are

folder = models.where({model!r}).folder
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.{dtype}).eval()

ids = {ids}
# {labels}
with torch.inference_mode():
    logits = model(torch.tensor([ids])).logits[0, -1].double()  # (vocabulary,)

raw = torch.softmax(logits, -1)  # the model's own distribution
"""
_TAIL = """
best = raw.topk(10)
for p, i in zip(best.values, best.indices):
    print(f"id {i:>6}  model {p:8.4%}  now {probs[i]:8.4%}")
"""


def program(model_id: str, dtype: str, ids: Sequence[int], labels: Sequence[str], knobs: Knobs) -> str:
    """Complete Python that ends with `raw` and `probs`, both over the whole vocabulary."""
    steps: list[tuple[str, str]] = []
    if knobs.t > 0:
        steps = [("TemperatureLogitsWarper", f"{float(knobs.t)}")]
        if knobs.k is not None:
            steps.append(("TopKLogitsWarper", f"{knobs.k}"))
        if knobs.p < 1:
            steps.append(("TopPLogitsWarper", f"{float(knobs.p)}"))
        if knobs.m > 0:
            steps.append(("MinPLogitsWarper", f"{float(knobs.m)}"))
    imports = "".join(f", {name}" for name, _ in steps)
    if len(steps) > 2:
        imports = "\n".join(["", "from transformers import (", *(f"    {name}," for name, _ in steps), ")"])
    shown = " ".join(labels[:40]).replace("\n", " ").replace("\r", " ") + (" …" if len(labels) > 40 else "")
    head = _HEAD.format(imports=imports, model=model_id, dtype=dtype, ids=list(ids), labels=shown)
    if knobs.t == 0:
        return (
            head + "probs = torch.nn.functional.one_hot(logits.argmax(), logits.numel()).double()  # greedy\n" + _TAIL
        )
    body = "scores = logits[None]\n"
    body += "".join(f"scores = {name}({value})(None, scores)\n" for name, value in steps)
    return head + body + "probs = torch.softmax(scores[0], -1)  # what is drawn from\n" + _TAIL
