"""The commands (demo, test, backup, restore, services) and the servers they start; README.md says what each does.

Modules marked "standard library only" also run before the virtual environment exists.
"""
