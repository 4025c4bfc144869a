"""What stands in for the outside: provider simulators, the demo company, the page of components."""
