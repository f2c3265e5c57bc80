"""Runs the queued jobs in this process, with RQ's own worker class."""

from __future__ import annotations

from web.core.queue import burst as run_all

__all__ = ["run_all"]
