"""What people arrange for themselves: columns and saved filters of lists, drafts, ways back, and what they take out as tables."""
