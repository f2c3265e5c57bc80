"""Every kind of aggregate that crosses the border, imported once so that messages find their room."""
