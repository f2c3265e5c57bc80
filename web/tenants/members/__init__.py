"""Members: the county's own register of persons (DOMAIN §6.3)."""
