"""Web processes are forked from one that has imported everything, and hear each other all the same."""

from __future__ import annotations

import subprocess
import sys

FORK = """
import os
from flask import Flask
from app.domain.realtime.socket import socketio, start_sockets
start_sockets(Flask("forked"), redis_url="redis://127.0.0.1:1/0")
if os.fork() == 0:
    print(socketio.server.manager.host_id, flush=True)
    os._exit(0)
os.wait()
print(socketio.server.manager.host_id)
"""


def test_a_forked_process_is_another_host_whose_pushes_are_taken() -> None:
    told = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, check=True).stdout.split()
    assert len(told) == len(set(told)) == 2
