"""Find free ports on loopback for the servers a run starts."""

from __future__ import annotations

import socket
import sys

HOST = "127.0.0.1"


def free_port(host: str = HOST) -> int:
    """Return a TCP port on which nobody listens.

    On Linux the port stays reserved while this process lives: a socket is bound to it that does not listen. So no outgoing
    connection and no other search gets this port, but a server that sets SO_REUSEADDR can still listen on it.
    """
    with socket.socket() as probe:
        probe.bind((host, 0))
        port = int(probe.getsockname()[1])
        if sys.platform == "linux":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # after bind(): who else holds a port keeps it
            probe.detach()  # stays open as long as the process
    return port
