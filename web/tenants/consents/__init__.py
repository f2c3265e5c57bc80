"""Notices and consents: what a member was told, what he agreed to, and its withdrawal."""
