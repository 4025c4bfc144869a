"""Mail that the application itself sends: composing it, and the mail server that sends it."""
