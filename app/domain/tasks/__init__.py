"""People's tasks: what somebody must do, until when, and for which thread."""
