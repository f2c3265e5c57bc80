"""Everything between counties: the wire, the post, and the rooms of what counties agree on (FED/1)."""
