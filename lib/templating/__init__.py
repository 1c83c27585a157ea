"""Chat templates as programs: Jinja in a sandbox, and foreign ones in a process with bounds besides.

Knows nothing of tokens, roles or models. Imports little: the process starts as soon as somebody needs it.
"""
