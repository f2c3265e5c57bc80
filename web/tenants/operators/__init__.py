"""The deployment's operators, and the logged door through which they touch a county."""
