"""Kill every process group that a supervisor left running when it died. Reads "+PGID" and "-PGID" lines on stdin.

The supervisor has the other end of the pipe. When the supervisor dies, for whatever reason, the pipe ends. Then its
remaining processes and their children get SIGTERM and, a few seconds later, SIGKILL. Standard library only.
"""

import contextlib
import os
import signal
import sys
import time

GRACE_SECONDS = 5.0
STEP_SECONDS = 0.1


def main() -> None:
    """Read process groups from the pipe until it ends, then end the groups that were not removed."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        sign, group = line[0], int(line[1:])
        groups.add(group) if sign == "+" else groups.discard(group)
    end(groups, GRACE_SECONDS)


def end(groups: set[int], grace_seconds: float) -> None:
    """Ask every process group to end, and kill the processes that still run after `grace_seconds`."""
    tell(groups, signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    while any(is_alive(group) for group in groups) and time.monotonic() < deadline:
        time.sleep(STEP_SECONDS)
    tell(groups, signal.SIGKILL)


def tell(groups: set[int], number: int) -> None:
    """Send the signal `number` to every process group that still exists."""
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)


def is_alive(group: int) -> bool:
    """Tell whether the group has any process left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    main()
