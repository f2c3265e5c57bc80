"""A county's own coloured labels on its members."""
