"""A run's folder: checkpoints as ordinary model folders, and the state from which a run goes on. Needs torch.

    recipe.json, tokenizer.json
    pretrain-00050/     config.json, model.safetensors, tokenizer.json, …: what any page loads
    resume/pretrain.safetensors     weights, AdamW's averages, and as metadata the step: one file, replaced at once

Batches are drawn from (seed, step), so no generator's state has to be kept.
"""

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from lib.json_file import read_json
from lib.models.chat_format import CHATML
from lib.models.disk import disk_errors, move_into_place
from lib.models.trained import checkpoint_name
from lib.training import network as networks
from lib.training.events import Stage
from lib.training.network import Network
from lib.training.recipe import Recipe, TrainingError, checked
from lib.training.run_records import state_file
from lib.training.tokenizer import END_OF_TEXT, END_OF_TURN, TrainedTokenizer, read, settings


def write_recipe(folder: Path, recipe: Recipe, tokenizer: TrainedTokenizer) -> None:
    """Write down what is trained, in the run's folder."""
    with disk_errors("the run"):
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / "tokenizer.json", tokenizer.to_json())
        _write(folder / "recipe.json", json.dumps(asdict(recipe), ensure_ascii=False, indent=1))


def recipe_of(folder: Path) -> Recipe:
    """What a run's folder was trained on. Raises TrainingError if it is not one."""
    said = read_json(folder / "recipe.json")
    if not said:
        raise TrainingError("This run has no recipe: it was never begun, or its folder is gone.")
    return checked(said)


def tokenizer_of(folder: Path) -> TrainedTokenizer:
    """A run's tokenizer. Raises TrainingError if there is none."""
    try:
        return read(folder / "tokenizer.json")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError("The tokenizer of this run is missing or damaged.") from error


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text, encoding="utf-8")
    os.replace(fresh, path)


def newest_checkpoint(folder: Path, stage: Stage) -> Path | None:
    """The newest whole checkpoint of a stage."""
    found = sorted(path for path in folder.glob(f"{stage}-*") if (path / "config.json").is_file())
    return found[-1] if found else None


def save_checkpoint(folder: Path, stage: Stage, step: int, network: Network, tokenizer: TrainedTokenizer) -> str:
    """Keep the model as a folder that any page loads; it appears whole. Gives back its name."""
    name, chat = checkpoint_name(stage, step), stage != "pretrain"
    scratch = folder / f".{name}.new"
    with disk_errors("this checkpoint"):
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        save_file(networks.weights(network), scratch / "model.safetensors", metadata={"format": "pt"})
        ends = (
            [tokenizer.special[END_OF_TURN], tokenizer.special[END_OF_TEXT]] if chat else [network.config.eos_token_id]
        )
        said = {"config.json": network.config.to_diff_dict() | {"architectures": [type(network).__name__]}}
        said["generation_config.json"] = {"bos_token_id": network.config.bos_token_id, "eos_token_id": ends}
        for file, content in said.items():
            (scratch / file).write_text(json.dumps(content, indent=1), encoding="utf-8")
        (scratch / "tokenizer.json").write_text(tokenizer.to_json(), encoding="utf-8")
        (scratch / "tokenizer_config.json").write_text(settings(chat=chat), encoding="utf-8")
        if chat:  # no system prompt is put in: the dialogues have none
            (scratch / "chat_template.jinja").write_text(CHATML, encoding="utf-8")
        move_into_place(scratch, folder / name)
    return name


@dataclass(frozen=True)
class TrainingState:
    """Where a stage stands. `notes`: what it wants back, as JSON."""

    step: int
    seconds: float
    notes: dict[str, Any]


def save_state(
    folder: Path, stage: Stage, state: TrainingState, network: Network, optimizer: torch.optim.AdamW
) -> None:
    """Write the state of a stage over the last one, at once: whoever reads finds the old or the new, whole."""
    tensors = {f"weights.{name}": weight for name, weight in networks.weights(network).items()}
    for index, averages in optimizer.state_dict()["state"].items():
        tensors |= {f"adamw.{index}.{name}": value for name, value in averages.items()}
    path = state_file(folder, stage)
    with disk_errors("the state of this run"):
        path.parent.mkdir(exist_ok=True)
        fresh = path.with_suffix(".new")
        save_file(tensors, fresh, metadata={"state": json.dumps(asdict(state))})
        os.replace(fresh, path)


def restore_state(folder: Path, stage: Stage, network: Network, optimizer: torch.optim.AdamW) -> TrainingState | None:
    """Put a stage's state back into its network and optimizer; None if there is none that can be read."""
    path = state_file(folder, stage)
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as stored:
            tensors = {name: stored.get_tensor(name) for name in stored.offset_keys()}
            state = TrainingState(**json.loads(stored.metadata()["state"]))
    except (SafetensorError, OSError, ValueError, KeyError, TypeError):
        return None
    averages: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("adamw."):
            _, index, what = name.split(".")
            averages.setdefault(int(index), {})[what] = value
    networks.load_weights(network, {name.removeprefix("weights."): value for name, value in tensors.items()})
    optimizer.load_state_dict({"state": averages, "param_groups": optimizer.state_dict()["param_groups"]})
    return state
