"""Members: the county's own register of persons."""
