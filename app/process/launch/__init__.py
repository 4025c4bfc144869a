"""Starts Switchyard on one machine: installs it, brings up the embedded servers, and supervises every process.

`install.py` runs before anything is installed (standard library only). `servers.py` owns PostgreSQL and Valkey.
`supervisor.py` is `make run`. Nothing else in `app/` imports this package.
"""
