"""Web Push: our key, encryption, users' devices, and calls to push services."""
