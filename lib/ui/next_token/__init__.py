"""The parts of the Next Token page, and the distribution that answers while one drags."""
