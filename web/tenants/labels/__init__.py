"""A county's own coloured labels on its members and on the rows of its lists."""
