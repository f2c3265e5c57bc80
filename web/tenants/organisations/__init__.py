"""The tree of party organisations, and `visible`: which part of it an actor sees."""
