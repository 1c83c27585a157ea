"""Models in a process of their own, so that pages and models do not wait for each other's interpreter lock.

`host`: the pages' side, which starts the process and passes on what comes. `__main__`: the process itself.
`engine`: one model there behind the `Engine` boundary. Between the two go lists of (call, kind, payload).
"""

from lib.engine.process.engine import load_in_process
from lib.engine.process.host import HOST

__all__ = ["HOST", "load_in_process"]
