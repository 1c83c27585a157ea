"""What the page says of the two models that it compares: what makes them comparable, and what does not."""

from lib import models
from lib.models import trained
from lib.text_format import number
from lib.ui import available_models
from lib.ui.completion import small_world
from lib.ui.components.page import escape

TEXT = "Training?train-tab=The+data"  # where the training text of the tiny pair is to be read
_HOME = "Home lists bigger models: GPT-2 is a base model, Qwen1.5-1.8B-Chat a chat model."


def parts(base_id: str, instruct_id: str) -> tuple[str, str]:
    """What stands over the two pickers: the part that each model plays, never one that it is not."""
    if base_id == instruct_id:
        return "model", "the same model"
    first, second = (available_models.spec(model_id).role for model_id in (base_id, instruct_id))
    return "base model" if first == "base" else "first model", "chat model" if second == "instruct" else "second model"


def said(base_id: str, instruct_id: str, prompt: str) -> tuple[str, str]:
    """One line, and the whole of it, in Markdown; "" for a base and a chat model about which nothing has to be said."""
    base, instruct = available_models.spec(base_id), available_models.spec(instruct_id)
    tiny = [spec for spec in (base, instruct) if small_world.from_it(spec.id)]
    if base_id == instruct_id:
        return _one(base)
    if strange := {spec.name: new for spec in tiny if (new := small_world.strangers(prompt, spec.role))}:
        return _outside(strange)
    if (base_id, instruct_id) == (models.BASE, models.CHAT):
        return _before_and_after(base)
    if (base.role, instruct.role) == ("base", "instruct") and _of_one_run(base_id, instruct_id):
        return "One model, before and after fine-tuning on chats, trained on this machine.", ""
    return _two(base, instruct, unequal=bool(tiny))


def _of_one_run(base_id: str, instruct_id: str) -> bool:
    first, second = trained.parsed(base_id), trained.parsed(instruct_id)
    return first is not None and second is not None and first.run == second.run


def _two(base: models.ModelSpec, instruct: models.ModelSpec, *, unequal: bool) -> tuple[str, str]:
    first, second = escape(base.name), escape(instruct.name)
    if (base.role, instruct.role) == ("instruct", "base"):
        return f"The other way round: {first} is an instruct model, {second} a base model.", ""
    if base.role == instruct.role:
        kind = "an instruct model" if base.role == "instruct" else "a base model"
        return (
            f"{first} and {second}: each is {kind}.",
            f"To compare a base model with a chat model, choose another. {_HOME}",
        )
    if unequal:
        return (
            f"{first} is the base model, {second} the chat model. They differ in more than tuning.",
            "They differ in size and in what they were trained on, so not every difference between their texts comes "
            f"from tuning on chats. {_HOME}",
        )
    return "", ""


def _one(model: models.ModelSpec) -> tuple[str, str]:
    name = escape(model.name)
    if model.role == "instruct":
        return (
            "An instruct model, raw and in its template: the same weights, another text.",
            f"{name} was tuned on chats, so it is no base model: even raw it may end its turn as one does in a chat. A "
            "base model goes on with a document.",
        )
    return (
        "A base model, raw and in a chat template: it was never tuned on chats.",
        f"To {name} the template is one more text to go on with.",
    )


def _before_and_after(base: models.ModelSpec) -> tuple[str, str]:
    return (
        f"One tiny model, before and after fine-tuning on chats. [Its whole training text]({TEXT}) is there to read.",
        f"{number(base.parameters)} parameters. The base model read stories, facts, sums and lists of questions of a "
        f"world of {small_world.count()} words, and nothing else. The chat model began as the "
        f"same weights and was trained further, on dialogues about the same world. {_HOME}",
    )


def _outside(strange: dict[str, tuple[str, ...]]) -> tuple[str, str]:
    """`strange`: by a model's name, words of the prompt that it has never read."""
    words = min(strange.values(), key=len)  # what a chat model never read, its base model did not read either
    quoted = ", ".join(f"“{escape(word)}”" for word in words[:3]) + (" …" if len(words) > 3 else "")
    who = " and ".join(map(escape, strange))
    return (
        f"{who} never read {quoted}: expect nonsense there.",
        f"The world of these models has {small_world.count()} words. A new word is read as pieces, down to single "
        "bytes, and how they go on was never learned.",
    )
