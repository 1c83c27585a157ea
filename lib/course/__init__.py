"""The course: what its words mean. Data only; pages show it."""
