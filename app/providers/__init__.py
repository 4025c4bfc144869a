"""One folder per outside service, and the registry that builds their adapters."""
