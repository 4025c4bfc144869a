"""Adapters of outside services, one folder per provider, and the registry that builds them."""
