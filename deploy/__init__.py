"""The two commands, `deploy/demo` and `deploy/test`, and the servers they start.

Modules marked "standard library only" also run before the virtual environment exists.
"""
