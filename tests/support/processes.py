"""Processes of the operating system, as tests look at them."""

from __future__ import annotations

import psutil


def is_there(pid: int) -> bool:
    """Whether it runs. What has ended and only waits to be noticed by whoever is its parent now is gone."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
