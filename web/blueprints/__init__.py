"""The HTTP edge: routes, schemas, words. The only place that commits for a request and knows Flask."""
