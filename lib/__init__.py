"""The playground's library. Importing it costs nothing; torch comes with the first model."""

import os

# Read by OpenMP when torch is loaded: how long a thread spins before it sleeps. Spinning as long as OpenMP would by
# itself starves everything else on a busy machine; sleeping at once slows an idle one down. This is in between
# (docs/PERFORMANCE.md has the figures).
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "4000")
