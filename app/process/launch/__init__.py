"""Start Switchyard on one machine: install it, run the embedded servers, supervise every process.

`install.py` runs before anything is installed (standard library only). `servers/` runs PostgreSQL and Valkey.
`supervisor.py` is `make run`. Nothing else in `app/` imports this package.
"""
