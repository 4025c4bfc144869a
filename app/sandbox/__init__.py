"""Stand-ins for the outside world: provider simulators, the demo company, the page of components."""
