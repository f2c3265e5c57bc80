"""Runs a command inside the virtual environment, whatever Python started it (standard library only)."""

import importlib
import os
import sys

from deploy.console import Stopped, explain
from deploy.places import CHECKOUT, VENV

PYTHON = VENV / "bin" / "python"


def in_environment(command: str, arguments: list[str]) -> None:
    """Run `deploy.run_<command>.main(arguments)` with the environment's Python; ends the process."""
    if sys.prefix != str(VENV):
        if not PYTHON.exists():
            raise SystemExit("problem: there is no .venv yet\n    fix: deploy/demo")
        os.execv(PYTHON, [str(PYTHON), str(CHECKOUT / "deploy" / command), *arguments])
    try:
        status = importlib.import_module(f"deploy.run_{command}").main(arguments)
    except Stopped as stopped:
        explain(stopped)
        raise SystemExit(1) from None
    raise SystemExit(status)
