"""From the machine's Python into the virtual environment's (standard library only).

A command is one file run twice: first by whatever Python started it, which gets the machine ready, then by the
environment's Python, which does the work.
"""

import contextlib
import importlib
import os
import sys

from deploy.console import Stopped, explain, say
from deploy.machine import PYTHON, check_python, install_browser, install_system_parts, make_environment
from deploy.places import CHECKOUT, VENV, state_root


def run_command(command: str, *, needs: str) -> None:
    """Get the machine ready for `needs` (demo or test), then run `deploy.run_<command>.main`; ends the process."""
    arguments = sys.argv[1:]
    _keep_compiled()
    try:
        if sys.prefix != str(VENV):
            check_python()
            is_asking = bool({"-h", "--help"} & set(arguments))
            if is_asking and not PYTHON.exists():  # in a new clone: its first line, without making anything
                say(sys.modules["__main__"].__doc__ or "")
                raise SystemExit(0)
            if not is_asking:
                # What an environment is printed for is the shell, which reads it: the steps go the other way.
                is_read = command == "services" or "--env" in arguments
                with contextlib.redirect_stdout(sys.stderr if is_read else sys.stdout):
                    install_system_parts(needs)
                    make_environment(needs)
                    if needs == "test":
                        install_browser()
            os.execv(PYTHON, [str(PYTHON), str(CHECKOUT / "deploy" / command), *arguments])  # noqa: S606  it replaces us
        status = importlib.import_module(f"deploy.run_{command}").main(arguments)
    except Stopped as stopped:
        explain(stopped)
        status = 1
    except KeyboardInterrupt:
        status = 130
    raise SystemExit(status)


def _keep_compiled() -> None:
    """What we start reads compiled modules, beside the state and not in the checkout: compiling anew is half of a start."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ.setdefault("PYTHONPYCACHEPREFIX", str(state_root() / "compiled"))
