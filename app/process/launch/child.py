"""Run another program that dies with its parent: python -I -S child.py SIGNAL PARENT_PID UID GID PROGRAM ARGUMENT…

A wrapper instead of a `preexec_fn`, which is unsafe in a process with threads. The user is changed here and not by the caller,
because the new user may not be allowed to read this file. Standard library only; the process id stays the same through the exec.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
KEEP_USER = -1


def main() -> None:
    """Change user, arrange the death signal, and become the program."""
    death_signal, parent, uid, gid = (int(argument) for argument in sys.argv[1:5])
    command = sys.argv[5:]
    if uid != KEEP_USER:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    # After the change of user, which would clear it. Linux only; elsewhere the guard process alone watches (guard.py).
    if death_signal and sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:
            sys.exit(1)
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
