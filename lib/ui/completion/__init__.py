"""The parts of the Completion vs Chat page."""
