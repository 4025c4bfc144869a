"""Simulators of providers, the demo company, and the page that shows all user-interface components."""
