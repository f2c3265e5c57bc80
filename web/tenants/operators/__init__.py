"""The deployment's operators, the logged door through which they touch a county, and the backups they ask for."""
