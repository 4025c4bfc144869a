"""Run another program that ends when its parent dies: python -I -S child.py SIGNAL PARENT_PID UID GID PROGRAM ARGUMENT…

This file replaces a `preexec_fn`, which is unsafe in a process with threads. This process changes the user, not its parent,
because the new user may not be allowed to read this file. The program keeps the process id. Standard library only.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
KEEP_USER = -1


def main() -> None:
    """Change the user, choose the signal for the death of the parent, and replace this process by the program."""
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
