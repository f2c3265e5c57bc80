"""Mechanisms, and the registries of personal fields and data scopes. Nothing here knows Flask; the map lists them."""
