"""Mail of the application itself: how it is composed, and the mail server it leaves through."""
