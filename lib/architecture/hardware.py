"""What the costs are held against: this machine, Streamlit Community Cloud, common GPUs. Bytes."""

from dataclasses import dataclass

from lib.models.memory import total_bytes

GB = 1_000_000_000


@dataclass(frozen=True)
class Machine:
    """A place where a model could run. `memory` in bytes."""

    name: str
    memory: int
    kind: str  # "this", "cloud" or "gpu"


# Memory as the makers state it; Community Cloud as its documentation states it (guaranteed and most).
KNOWN = (
    Machine("Community Cloud, guaranteed", 690_000_000, "cloud"),
    Machine("Community Cloud, at most", 2_700_000_000, "cloud"),
    Machine("RTX 3060", 12 * GB, "gpu"),
    Machine("T4 (Colab, Kaggle)", 16 * GB, "gpu"),
    Machine("RTX 4090", 24 * GB, "gpu"),
    Machine("A100 40 GB", 40 * GB, "gpu"),
    Machine("H100 80 GB", 80 * GB, "gpu"),
    Machine("H200", 141 * GB, "gpu"),
)


def this_machine() -> Machine | None:
    """The host's memory, or what its container may use of it if that is less; None where it cannot be known."""
    total = total_bytes()
    return Machine("This machine", total, "this") if total else None


def machines() -> tuple[Machine, ...]:
    """This machine first (if it is known), then the known ones from small to large."""
    machine = this_machine()
    return (machine, *KNOWN) if machine else KNOWN
