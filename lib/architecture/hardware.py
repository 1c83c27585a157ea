"""What the costs are held against: this machine, Streamlit Community Cloud, common GPUs. Bytes."""

from dataclasses import dataclass

from lib.models.memory import total_bytes

MIB = 1024 * 1024


@dataclass(frozen=True)
class Machine:
    """A place where a model could run. `memory` in bytes."""

    name: str
    memory: int
    kind: str  # "this", "cloud" or "gpu"


# GPUs as nvidia-smi reports them, in MiB (https://thundergolfer.com/blog/nvidia-gpu-memory-capacity; the RTX cards by
# nvidia-smi of their owners): "24 GB" on the box are 24,564 MiB, 25.8 GB. Community Cloud as its documentation states
# it (guaranteed and most).
KNOWN_MACHINES = (
    Machine("Community Cloud, guaranteed", 690_000_000, "cloud"),
    Machine("Community Cloud, at most", 2_700_000_000, "cloud"),
    Machine("RTX 3060", 12_288 * MIB, "gpu"),
    Machine("T4 (Colab, Kaggle)", 15_360 * MIB, "gpu"),
    Machine("RTX 4090", 24_564 * MIB, "gpu"),
    Machine("A100 40 GB", 40_960 * MIB, "gpu"),
    Machine("H100 80 GB", 81_559 * MIB, "gpu"),
    Machine("H200", 143_771 * MIB, "gpu"),
)


def this_machine() -> Machine | None:
    """The host's memory, or what its container may use of it if that is less; None where it cannot be known."""
    total = total_bytes()
    return Machine("This machine", total, "this") if total else None


def machines() -> tuple[Machine, ...]:
    """This machine first (if it is known), then the known ones from small to large."""
    machine = this_machine()
    return (machine, *KNOWN_MACHINES) if machine else KNOWN_MACHINES
