"""What is inside a model: parameter ledger, memory and FLOPs, shapes, attention, logit lens.

Knows nothing of engines (a live pass takes any object with `.module` and `.lock`) and nothing of Streamlit.
torch and transformers are imported only where a real module is needed.
"""

from lib.architecture.errors import ArchitectureError
from lib.architecture.parameter_ledger import Ledger, LedgerRow, ledger
from lib.architecture.spec import Architecture

__all__ = ["Architecture", "ArchitectureError", "Ledger", "LedgerRow", "ledger"]
