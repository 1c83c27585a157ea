"""What one takes home from the Training page: the run as a notebook, and its numbers."""

from functools import partial
from pathlib import Path

from lib.takehome.training import Losses, losses_csv, training_notebook
from lib.training.recipe import Recipe
from lib.ui.components import take_home
from lib.ui.training.result import Shown


def page_menu(shown: Shown | None) -> None:
    """The menu of the page."""
    part = shown.told.stage("pretrain") if shown else None
    losses = Losses(
        [(point.step, point.loss) for point in part.points] if part else [],
        [(one.step, one.loss) for one in part.heldout] if part else [],
    )
    ready = shown is not None and part is not None and part.began is not None
    why = "" if ready else "After Train has been pressed"
    take_home.menu(
        take_home.File(
            "Notebook (.ipynb)",
            "training.ipynb",
            take_home.NOTEBOOK,
            partial(_notebook, shown.run.recipe, shown.run.folder, losses) if ready and shown else None,
            help=why or "The same training with torch and transformers, without the app",
        ),
        take_home.File(
            "Losses (CSV)",
            "losses.csv",
            take_home.CSV,
            partial(losses_csv, losses) if ready else None,
            help=why or "Step, training loss, held-out loss",
        ),
    )


def _notebook(recipe: Recipe, folder: Path, losses: Losses) -> str:
    return training_notebook(recipe, folder, losses)
