"""Who is next where not all can be computed at once, and about how long the others wait. Pure functions on numbers.

Slots are dealt out evenly among owners: the next slot goes to a request of whoever holds fewest, first come first
served among equals. So one student with ten columns cannot keep the others waiting.
"""

import heapq
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence


def order(waiting: Sequence[Hashable], held: Iterable[Hashable]) -> list[int]:
    """Places in `waiting` (owners, in the order of asking) in the order in which slots are given to them.

    `held`: the owner of every slot that is taken. Owners of None are all different.

    >>> order(["ann", "ann", "bob"], ["ann"])
    [2, 0, 1]
    >>> order([None, None], [None])
    [0, 1]
    """
    counts = Counter(owner for owner in held if owner is not None)
    ranked = []
    for place, owner in enumerate(waiting):
        ranked.append((counts[owner] if owner is not None else 0, place))
        if owner is not None:
            counts[owner] += 1
    return [place for _, place in sorted(ranked)]


def rounds_until(left: Iterable[int], ahead: Iterable[int], slots: int) -> list[int]:
    """For each of `ahead` (tokens that it asks for, in the order of their turns) the rounds until it gets a slot.

    `left`: tokens that those who hold a slot may still generate. Nobody is expected to end early.

    >>> rounds_until([5, 9], [10, 10, 10], slots=2)
    [5, 9, 15]
    >>> rounds_until([5], [10], slots=2)
    [0]
    """
    free = sorted(left)
    free = [0] * (slots - len(free)) + free
    heapq.heapify(free)
    found = []
    for tokens in ahead:
        begin = heapq.heappop(free)
        found.append(begin)
        heapq.heappush(free, begin + tokens)
    return found
