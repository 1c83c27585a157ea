"""Faster arithmetic for the common families on CPUs. README.md says what each is for and how to do without."""
