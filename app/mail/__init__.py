"""E-mail (MIME): turn bytes into messages and messages into bytes. Everything beside `graph/` is pure: no network, no
database, no clock.

The way in is `mime.parse_mail`, the way out `compose.compose_mail`; `addressing` signs what leads a reply back to its thread.
"""
