"""The simulators as a process of their own."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
import requests

MODULE = "app.sandbox.simulators.whatsapp_cloud"


@pytest.mark.processes
def test_process_says_where_it_listens_and_ends_on_a_signal(tmp_path):
    command = [sys.executable, "-m", "app.sandbox.simulators", "--provider", MODULE, "0", "--data-dir", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        assert line.startswith("whatsapp_cloud simulator on http://127.0.0.1:")
        assert requests.get(f"{line.split()[-1]}/__sim/config", timeout=300).json()["window"] == "webhook"
        process.send_signal(signal.SIGTERM)
        assert process.wait(300) == 0
    finally:
        process.kill()
        process.stdout.close()
