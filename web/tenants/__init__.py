"""Everything one county owns: a room a subject, in the order of the import contract."""
