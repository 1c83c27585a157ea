"""The playground's library. Importing it costs nothing; torch comes with the first model."""

import os

# Read by OpenMP when torch is loaded. Threads that wait by spinning starve each other as soon as anything else needs a
# core (a browser on the same laptop): 30 tokens of SmolLM2 on two busy cores took 27 s spinning and 2 s sleeping.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
