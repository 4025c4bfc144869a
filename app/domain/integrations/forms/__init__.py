"""Forms: what their posts say, and asking for what was not posted."""
