"""Lower the priority of a process that works behind the web, which answers people and providers and comes first.

Linux with autogroups, which is most of it, shares the processors among sessions before it shares them among processes, and each
of our processes has a session of its own: there a nice value says something among the processes of one session alone, and the
session has one of its own (`man 7 sched`).
"""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

AUTOGROUP = Path("/proc/self/autogroup")
TRIES, PAUSE_SECONDS = 20, 0.11  # the kernel takes one such change in a tenth of a second, of all who are not root


def stand_behind(nice: int) -> None:
    """Lower the priority of this process by `nice` steps, and that of its session to as many where it leads it. A session that
    others lead stays as it is: the web may be in it, and then the process's own priority counts."""
    os.nice(nice)
    if nice and os.getsid(0) == os.getpid() and AUTOGROUP.exists():
        _lower_session(nice)


def _lower_session(nice: int) -> None:
    for _ in range(TRIES):
        try:
            AUTOGROUP.write_text(str(nice))
        except OSError as error:
            if error.errno != errno.EAGAIN:
                return  # a container's /proc that is read-only, most likely
            time.sleep(PAUSE_SECONDS)
        else:
            return
