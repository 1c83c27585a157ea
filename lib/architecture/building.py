"""A configuration from outside, built by transformers on the meta device: in a process of its own, with bounds.

What is read from a configuration reaches Python loops in some two hundred families: no check before can know them all.
"""

from functools import lru_cache
from typing import Any

from lib.architecture.errors import ArchitectureError
from lib.architecture.spec import Architecture
from lib.bounded_process import Bounded, Limits, NotStartedError, TooMuchError
from lib.errors import PlaygroundError

# 1,024 blocks of Llama take 2 seconds and 100 MB (13,000 modules); 60 blocks with 256 experts a few seconds.
LIMITS = Limits(cpu_seconds=10, wall_seconds=60, megabytes=1_000, answer_bytes=10_000_000, idle_seconds=120)
PROCESS = Bounded("lib.architecture.build_process", LIMITS)
_MUCH = {
    "time": f"takes transformers more than {LIMITS.cpu_seconds} seconds to build, even without weights",
    "clock": f"is not built after {LIMITS.wall_seconds:.0f} seconds; this machine may be busy",
    "memory": f"takes transformers more than {LIMITS.megabytes:,} MB to build, even without weights",
    "output": "has more tensors than this page can list",
}


def walk(arch: Architecture, tied: bool) -> tuple[list[list[Any]], dict[str, Any]]:
    """The rows of `meta_module.walk`, field by field, and the sizes found. Raises ArchitectureError."""
    rows, sizes = _answer("walk", arch.spelling, tied)
    return rows, sizes


def printed(arch: Architecture) -> tuple[str, int]:
    """The module as text and PyTorch's own count. Raises ArchitectureError."""
    text, count = _answer("printed", arch.spelling, True)
    return text, count


def _answer(what: str, spelling: str, tied: bool) -> Any:
    answer, wrong = _asked(what, spelling, tied)
    if wrong:
        raise ArchitectureError(wrong)
    return answer


@lru_cache(maxsize=32)
def _asked(what: str, spelling: str, tied: bool) -> tuple[Any, str]:
    """The answer or what is wrong: a configuration that took too long is not tried again with every click."""
    try:
        return PROCESS.ask({"what": what, "config": spelling, "tied": tied}), ""
    except NotStartedError:
        raise
    except TooMuchError as error:
        said = f"This configuration {_MUCH[str(error)]}, so it is not counted here."
        if str(error) == "clock":  # the machine's fault, perhaps: what is raised is not remembered
            raise ArchitectureError(said) from error
        return None, said
    except PlaygroundError as error:
        return None, str(error)
