"""Tasks of people: what somebody must do, until when, for which thread."""
