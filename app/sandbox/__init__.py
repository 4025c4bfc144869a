"""Simulators of providers, the demo company, and the page of components."""
