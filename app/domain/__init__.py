"""The features of the product: one folder each, with its tables, queries, actions, handlers and jobs."""
