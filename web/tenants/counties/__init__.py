"""The county itself: its public identity, its settings."""
