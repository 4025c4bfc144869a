"""Tasks of people: what a user must do, until when, and for which thread."""
