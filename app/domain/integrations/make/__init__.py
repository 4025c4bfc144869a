"""Connect scenarios of Make.com: apply the calls they make to us, and call them about events."""
