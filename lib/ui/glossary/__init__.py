"""The glossary page: every word of the course, to be searched."""
