"""Choose the system user that runs PostgreSQL, which refuses to run as root.

If we are root, the servers run as a separate user. The folders above DATA_DIR and .venv are then opened so that every user
may pass through them (not read them), and a line is printed for each.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path

from app.process.launch.process import Account

USER = "switchyard"
FALLBACK_USER = "nobody"
PASS_THROUGH = stat.S_IXOTH


def server_account() -> Account | None:
    """Return the system user to run the servers as. Return None if we are not root: then they run as our own user.

    Raises RuntimeError if we are root and there is no such user and none can be made.
    """
    if os.geteuid() != 0:
        return None
    entry = find_or_create(USER) or _find(FALLBACK_USER)
    if entry is None:
        raise RuntimeError("PostgreSQL refuses to run as root, and no user for it can be made: do not run as root")
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def find_or_create(name: str) -> pwd.struct_passwd | None:
    """Return the system user `name`, and create it if it is missing. Return None if it cannot be created.

    A lock lets only one process of this machine do this at a time. Otherwise a second `useradd` of the same name at the same
    time would not fail, but give the first one's user another id.
    """
    turn = os.open("/etc", os.O_RDONLY)
    try:
        fcntl.flock(turn, fcntl.LOCK_EX)
        return _find(name) or _create(name)
    finally:
        os.close(turn)


def open_the_way(path: Path, account: Account | None) -> list[Path]:
    """Let `account` pass through every folder above `path`. Return the folders whose mode was changed.

    If `account` is None, do nothing and return [].
    """
    if account is None:
        return []
    closed = [folder for folder in path.resolve().parents if not folder.stat().st_mode & PASS_THROUGH]
    for folder in closed:
        folder.chmod(stat.S_IMODE(folder.stat().st_mode) | PASS_THROUGH)
    return closed


def let_others_read(folder: Path, account: Account | None) -> None:
    """Make a folder readable for `account`, in case it was installed under a strict umask."""
    if account is None or folder.stat().st_mode & stat.S_IROTH:
        return
    for path in [folder, *folder.rglob("*")]:
        mode = stat.S_IMODE(path.lstat().st_mode)
        if not path.is_symlink():
            path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))


def give(folder: Path, account: Account | None) -> None:
    """Make `account` the owner of a folder and all in it, unless it is already."""
    if account is None or folder.stat().st_uid == account.uid:
        return
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def _find(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _create(name: str) -> pwd.struct_passwd | None:
    useradd, adduser = shutil.which("useradd"), shutil.which("adduser")
    if useradd:
        command = [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name]
    elif adduser:
        command = [adduser, "-S", "-D", "-H", name]
    else:
        return None
    subprocess.run(command, check=False, capture_output=True)
    return _find(name)
