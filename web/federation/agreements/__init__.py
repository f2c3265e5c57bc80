"""Agreements of two or more counties: one hub numbers the decisions, every party keeps and checks its own copy."""
