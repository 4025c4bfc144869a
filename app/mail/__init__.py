"""Email (MIME): parse bytes into messages and compose messages into bytes. Pure: no network, no database, no clock.

Start reading at `mime.parse_mail` for incoming and at `compose.compose_mail` for outgoing mail. `addressing` signs the ids
by which a reply finds its thread.
"""
