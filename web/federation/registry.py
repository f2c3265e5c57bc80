"""Every kind of aggregate that crosses the border, imported once so that messages find their room."""

from __future__ import annotations

from web.federation import models, verbs

__all__ = ["models", "verbs"]
