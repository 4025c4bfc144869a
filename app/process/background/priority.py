"""Lower the priority of background processes, because the web, which answers people and providers, comes first.

Most Linux systems have autogroups: the processors are shared among sessions first, and then among the processes of a
session. Each of our processes has a session of its own. So a process's nice value only has an effect among the processes of
its session, and the session has a nice value of its own (`man 7 sched`).
"""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

AUTOGROUP = Path("/proc/self/autogroup")
TRIES, PAUSE_SECONDS = 20, 0.11  # the kernel takes one such change in a tenth of a second, of all who are not root


def stand_behind(nice: int) -> None:
    """Lower the priority of this process by `nice` steps. If the process leads its session, lower the session's priority, too.

    The priority of a session that another process leads is not changed, because the web may be in it. In this case the
    process's own priority is what counts.
    """
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
