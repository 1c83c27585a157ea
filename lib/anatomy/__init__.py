"""What is inside a model: parameter ledger, memory and FLOPs, shapes, attention, logit lens.

Knows nothing of engines (a live pass takes any object with `.module` and `.lock`) and nothing of Streamlit.
torch and transformers are imported only where a real module is needed.
"""

from lib.anatomy.architecture import Architecture
from lib.anatomy.errors import AnatomyError
from lib.anatomy.ledger import Ledger, Row, ledger

__all__ = ["AnatomyError", "Architecture", "Ledger", "Row", "ledger"]
