"""Pages for people, one folder per area."""
