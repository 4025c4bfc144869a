"""Extract the fields of an order from a partner's mail, each with a confidence."""
