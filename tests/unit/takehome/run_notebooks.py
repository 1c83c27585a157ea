"""Run notebooks as a reader would, one after the other in one process that does not know the app.

python run_notebooks.py FOLDER: executes every NAME.ipynb there and writes NAME.json with what its last cell left:
the numbers, lists, texts and small tensors in its variables, and all that it printed under "printed".
"""

import contextlib
import functools
import io
import json
import sys
import time
from pathlib import Path
from typing import Any

import torch
from plotly.basedatatypes import BaseFigure
from transformers import AutoModelForCausalLM, AutoTokenizer


def plain(value: Any) -> Any:
    """A variable as JSON, None for what is no data."""
    if isinstance(value, torch.Tensor):
        return value.tolist() if value.numel() <= 60_000 and not value.is_meta else None
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value if isinstance(value, str | int | float | bool) else None


def run(path: Path) -> dict[str, Any]:
    """All code cells in one namespace, as a kernel has it."""
    space: dict[str, Any] = {"__name__": "__main__"}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        for cell in json.loads(path.read_text())["cells"]:
            if cell["cell_type"] == "code":
                exec(compile("".join(cell["source"]), f"{path.stem} {cell['id']}", "exec"), space)
    figure = space["fig"].to_dict()  # a picture was made
    assert figure["data"]
    kept = {name: plain(value) for name, value in space.items() if not name.startswith("_")}
    return {name: value for name, value in kept.items() if value is not None} | {"printed": printed.getvalue()}


def main(folder: Path) -> None:
    """Every notebook of the folder."""
    BaseFigure.show = lambda figure: figure.to_json() and None  # built as the browser would get it, and not shown
    # Loaded once: most notebooks begin with the same model.
    for loader in (AutoModelForCausalLM, AutoTokenizer):
        loader.from_pretrained = functools.cache(loader.from_pretrained)  # type: ignore
    for path in sorted(folder.glob("*.ipynb")):
        began = time.process_time()
        path.with_suffix(".json").write_text(json.dumps(run(path)))
        print(f"{path.stem}: {time.process_time() - began:.1f} s of computing", file=sys.stderr)
    assert not [name for name in sys.modules if name.split(".")[0] in {"lib", "streamlit"}]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
