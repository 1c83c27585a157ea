"""A training run as a notebook: the same text, tokens, model, batches and steps, with torch and transformers alone.

The batch of a step depends on the seed and the step (`lib/training/batches.py`), and so do the first weights: on the
same version of torch the losses of the notebook are those of the page, up to rounding.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lib.takehome.notebook_file import Cell, code, literal, long_literal, notebook, opening_of, say
from lib.training import world
from lib.training.corpus import DOCUMENTS, SHARE, TRAIN_SEED
from lib.training.recipe import SIZES, Recipe, inner_width
