"""The parts of the Decoding page."""
