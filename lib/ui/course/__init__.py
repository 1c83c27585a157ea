"""The course on the pages: the strip of a step, the answers to its question, and where the course stands."""
