"""Web Push: our key, encryption, the devices of users, and the call to a push service."""
