"""Mechanisms without a domain word: clock, ids, errors, fence, events, fields, vault, states, permissions, queue, workdays."""
