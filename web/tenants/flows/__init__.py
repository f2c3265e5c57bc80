"""Flows (流动登记): one away episode of a member, owned by the home county."""
