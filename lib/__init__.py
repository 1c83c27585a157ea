"""The playground's library. Importing it costs nothing; torch comes with the first model."""

import os

# Read by OpenMP when torch is loaded: how long a thread spins before it sleeps. Spinning as long as OpenMP would by
# itself starves everything else on a busy machine; sleeping at once costs an idle one 40 % of its speed. SmolLM2 on two
# cores, tokens/s, idle and with one core taken: sleep at once 18 and 16, 3,000 turns 23 and 13, 20,000 turns 30 and 9.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "4000")
