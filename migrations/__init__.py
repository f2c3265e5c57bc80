"""The schema, step by step: numbered files that never import the product."""
