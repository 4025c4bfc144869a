"""E-mail (MIME): parse bytes into messages and compose messages into bytes. Pure: no network, no database, no clock.

The way in is `mime.parse_mail`, the way out `compose.compose_mail`; `addressing` signs the ids by which a reply finds its thread.
"""
