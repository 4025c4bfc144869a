"""Mail of the application's own: what it looks like, and the mail server it leaves through."""
