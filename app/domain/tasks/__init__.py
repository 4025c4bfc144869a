"""Tasks of people: what a user must do, until when, for which thread."""
