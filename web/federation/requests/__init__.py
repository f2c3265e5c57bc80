"""Requests: help one county asks of another about a member, one mechanism for all kinds (`web.federation.request_kinds`)."""
