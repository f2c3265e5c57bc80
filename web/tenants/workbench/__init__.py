"""What a list, its facets and a queue are, as data; and what people arrange for themselves: columns, filters, drafts, ways back."""
