"""Accounts, roles, permissions, login sessions."""
