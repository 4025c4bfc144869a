"""Find free ports on loopback for the servers a run starts."""

from __future__ import annotations

import socket
import sys

HOST = "127.0.0.1"


def free_port(host: str = HOST) -> int:
    """Return a TCP port nobody listens on.

    On Linux the port stays reserved while this process lives: a bound socket that does not listen keeps it from outgoing
    connections and other searches, and a server that sets SO_REUSEADDR can still listen there.
    """
    with socket.socket() as probe:
        probe.bind((host, 0))
        port = int(probe.getsockname()[1])
        if sys.platform == "linux":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # after bind(): who else holds a port keeps it
            probe.detach()  # stays open as long as the process
    return port
