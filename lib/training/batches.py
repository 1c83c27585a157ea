"""Rows of token ids for the steps of pre-training. The batch of a step depends on the seed and the step alone, so a
run that was interrupted goes on with the rows that it would have had.
"""

from itertools import pairwise

import numpy as np

from lib.training.corpus import Corpus, Ids

IGNORE = -100  # a label that counts for nothing, as in torch


def batch_of_step(corpus: Corpus, *, seed: int, step: int, batch: int, context: int) -> tuple[Ids, Ids]:
    """(inputs, labels) of a step, each (batch, T): the labels are the inputs moved on by one token.

    A row begins where a document begins, in half of the rows one place earlier, at the <|endoftext|> before it, and
    goes on with the documents that follow. In a text that is one document it begins anywhere. T is `context`, less
    where the text is shorter.
    """
    length = min(context, len(corpus.train) - 1)
    last = len(corpus.train) - length - 1  # the last place at which a row of length + 1 may begin
    random = np.random.default_rng((seed, step))
    starts = corpus.starts[corpus.starts <= last]
    if len(starts):
        at = starts[random.integers(len(starts), size=batch)] - random.integers(2, size=batch)
    else:
        at = random.integers(last + 1, size=batch)
    rows = corpus.train[at[:, None] + np.arange(length + 1)]
    return rows[:, :-1], rows[:, 1:]


def held_out_rows(corpus: Corpus, *, context: int) -> tuple[Ids, Ids]:
    """(inputs, labels) with which every held-out token is predicted once, each (rows, T).

    Whole documents where there are several, as many as fit into a row, so that each is predicted from its beginning;
    else windows, one after the other. What is empty counts for nothing.
    """
    ids = corpus.held_out
    begins = [*(corpus.held_out_starts - 1).tolist(), len(ids) - 1]  # the <|endoftext|> before a document
    rows: list[tuple[int, int]] = []
    for start, stop in pairwise(begins) if len(corpus.held_out_starts) else [(0, len(ids) - 1)]:
        if rows and stop - rows[-1][0] <= context and len(corpus.held_out_starts):
            rows[-1] = (rows[-1][0], stop)
        else:
            rows += [(at, min(at + context, stop)) for at in range(start, stop, context)]
    longest = max(stop - start for start, stop in rows)
    inputs = np.full((len(rows), longest), corpus.end, dtype=np.int64)
    labels = np.full((len(rows), longest), IGNORE, dtype=np.int64)
    for row, (start, stop) in enumerate(rows):
        inputs[row, : stop - start] = ids[start:stop]
        labels[row, : stop - start] = ids[start + 1 : stop + 1]
    return inputs, labels
