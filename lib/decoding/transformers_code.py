"""A column of the decoding page as a complete `transformers` program. Knows strategies, not engines or Streamlit."""

from collections.abc import Sequence

from lib.decoding.strategies import Strategy

_DTYPES = {"bfloat16": "bfloat16", "float16": "float16"}


def decoding_program(
    strategy: Strategy,
    *,
    model: str,
    prompt: str | Sequence[int],
    max_new_tokens: int,
    seed: int,
    stop_ids: frozenset[int],
    dtype: str = "float32",
    about: str = "",
) -> str:
    """A program that does what the column does. `model` is a hub id or a folder, `about` a remark on it;
    `prompt` is the text, or its ids.

    Greedy and beam search give the same tokens. Sampling draws from the same distribution with another generator
    (torch's, not numpy's), so a seed gives another draw. Every knob is written out, because `generate` otherwise takes
    silent defaults: top_k=50, and what the model's generation_config.json holds. Raises PlaygroundError on nonsense.
    """
    knobs = generate_arguments(strategy, max_new_tokens - len(strategy.forced), stop_ids)
    sampled = "do_sample=True" in knobs[0]
    if isinstance(prompt, str):
        ids = [f"prompt = {prompt!r}", 'ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]']
    else:
        ids = [f"ids = {list(prompt)}  # the prompt as this app reads it: control tokens are plain text"]
    if strategy.forced:
        ids.append(f"ids += {list(strategy.forced)}  # the tokens chosen by hand")
    seeded = [f"torch.manual_seed({seed})  # torch's generator: same distribution, another draw than on the page"]
    kind = _DTYPES.get(dtype, "float32")
    note = "  # the page computes with int8 weights" if dtype == "int8" else ""
    lines = [
        "# pip install torch transformers",
        "import torch",
        "from transformers import AutoModelForCausalLM, AutoTokenizer",
        "",
        *([f"# {about}"] if about else []),
        f"MODEL = {model!r}",
        "tokenizer = AutoTokenizer.from_pretrained(MODEL)",
        f"model = AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.{kind}).eval(){note}",
        "",
        *ids,
        "inputs = torch.tensor([ids])",
        *(seeded if sampled else []),
        "output = model.generate(",
        "    inputs,",
        "    attention_mask=torch.ones_like(inputs),",
        *(f"    {line}" for line in knobs),
        ")",
        "print(tokenizer.decode(output[0, len(ids):]))",
    ]
    return "\n".join(lines) + "\n"


def generate_arguments(strategy: Strategy, max_new_tokens: int, stop_ids: frozenset[int]) -> list[str]:
    """Lines of keyword arguments for `generate`, every knob written out. Raises PlaygroundError on nonsense."""
    sampling = strategy.sampling()
    stops = sorted(stop_ids)
    shared = [
        f"repetition_penalty={sampling.repetition_penalty},",
        f"max_new_tokens={max(1, max_new_tokens)},",
        f"eos_token_id={stops or None},",
        f"pad_token_id={stops[0] if stops else 0},",
    ]
    if strategy.kind == "beam":
        return [
            f"do_sample=False, num_beams={int(strategy.num_beams)}, length_penalty={strategy.length_penalty},",
            *shared,
        ]
    if sampling.temperature == 0:
        return ["do_sample=False, num_beams=1,", *shared]
    off = "  # off"
    return [
        f"do_sample=True, num_beams=1, temperature={sampling.temperature},",
        f"top_k={sampling.top_k or 0}," + (off if not sampling.top_k else ""),
        f"top_p={1.0 if sampling.top_p is None else sampling.top_p}," + (off if sampling.top_p is None else ""),
        f"min_p={sampling.min_p}," + (off if sampling.min_p is None else ""),
        *shared,
    ]
