"""Readings: every look at a row another county gave us, counted here and told to its owner."""
