"""Make `.venv` and install the requirements, and Chromium for browser tests, from nothing but Python and this file.

Run as a script (`python3 app/process/launch/install.py run|test|browser`) before any package exists. So it uses the standard
library only, and a syntax that an old Python can read: that Python then reports that it is too old. A second call with the
same requirements installs nothing. Two calls at the same time wait for each other. A failure prints what to do, in one or
two lines.
"""

import contextlib
import fcntl
import glob
import hashlib
import os
import shutil
import subprocess
import sys
import typing as t

MINIMUM_PYTHON = (3, 11)
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
VENV = os.path.join(ROOT, ".venv")
VENV_PYTHON = os.path.join(VENV, "bin", "python")
REQUIREMENTS = {"run": "requirements.txt", "test": "requirements-test.txt"}
# Only what the files pin, only wheels, every file checked against its hash.
PIP_RULES = ["--require-hashes", "--no-deps", "--only-binary", ":all:"]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
APT_SECONDS = 900
PLAYWRIGHT_SECONDS = 300


class InstallError(Exception):
    """Raised when the installation cannot go on. The text tells a person what to do."""


def main(arguments: t.Sequence[str]) -> int:
    """Carry out `run`, `test` or `browser`; return the exit code."""
    try:
        check_python(sys.version_info[:3])
        for wanted in arguments:
            ensure_browser() if wanted == "browser" else ensure_packages(wanted)
    except InstallError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def check_python(version: t.Tuple[int, ...]) -> None:
    """Raise InstallError when `version` is older than Switchyard supports."""
    if tuple(version[:2]) < MINIMUM_PYTHON:
        found = ".".join(str(part) for part in version)
        raise InstallError(
            "Switchyard needs Python 3.11 or newer; this is %s. Install one, or name it: make run PYTHON=python3.12" % found
        )


def ensure_packages(which: str) -> None:
    """Make the virtual environment and install the `run` or `test` set into it, unless that very set is there already."""
    path = os.path.join(ROOT, REQUIREMENTS[which])
    if os.path.exists(stamp_path(path)) and venv_works():
        return
    with installation_lock():
        if os.path.exists(stamp_path(path)) and venv_works():
            return
        ensure_venv()
        print("Installing %s …" % os.path.basename(path), flush=True)
        install_requirements(path)
        # The test set contains the run set, both made from the same pins.
        for done in [path] if which == "run" else [path, os.path.join(ROOT, REQUIREMENTS["run"])]:
            open(stamp_path(done), "w").close()


def stamp_path(requirements: str) -> str:
    """Return the path of the marker file that exists if the requirements file is installed with exactly its present content."""
    with open(requirements, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()[:16]
    return os.path.join(VENV, ".installed-%s" % digest)


def venv_works() -> bool:
    """Tell whether the environment's Python still runs: it stops doing so when the system's Python is replaced."""
    return os.path.exists(VENV_PYTHON) and subprocess.call([VENV_PYTHON, "-c", ""], stderr=subprocess.DEVNULL) == 0


def ensure_venv() -> None:
    """Create `.venv` unless it works already. Raises InstallError if that fails; the text says which system package is missing,
    if one is."""
    if venv_works():
        return
    print("Creating .venv with Python %d.%d …" % sys.version_info[:2], flush=True)
    shutil.rmtree(VENV, ignore_errors=True)
    result = subprocess.run([sys.executable, "-m", "venv", VENV], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        raise InstallError(venv_hint(result.stdout.decode(errors="replace")))


def venv_hint(output: str) -> str:
    """Return the message for a person whose Python failed to make a virtual environment. `output` is what it printed."""
    if "ensurepip" in output or "No module named venv" in output:
        package = "python%d.%d-venv" % sys.version_info[:2]
        return "Python's venv module is missing. On Debian or Ubuntu: sudo apt-get install -y " + package
    return "Could not create .venv:\n" + output.strip()


def install_requirements(path: str) -> None:
    """Install the requirements file `path` with uv if it is on PATH, else with pip. Raises InstallError.

    Bytecode is compiled at once, because otherwise every process starts slowly.
    """
    uv = shutil.which("uv")
    if uv:
        command = [uv, "pip", "install", "--quiet", "--python", VENV_PYTHON, "--compile-bytecode"]
    else:
        command = [VENV_PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--compile"]
    if subprocess.call(command + PIP_RULES + ["-r", path], cwd=ROOT):
        raise InstallError("Installing %s failed, see above. The network is needed once; run the command again to retry." % path)


@contextlib.contextmanager
def installation_lock() -> t.Iterator[None]:
    """Hold the lock that prevents two installations at the same time, as a context manager.

    The system releases the lock even if the process dies.
    """
    with open(os.path.join(ROOT, ".install.lock"), "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def find_chromium() -> t.Optional[str]:
    """Return the path of Chromium on this machine: CHROMIUM_PATH, one on PATH, or the newest that Playwright installed.

    Return None if there is none.
    """
    named = os.environ.get("CHROMIUM_PATH")
    if named:
        return named
    for name in CHROMIUM_NAMES:
        found = shutil.which(name)
        if found:
            return found
    folder = os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or os.path.expanduser("~/.cache/ms-playwright")
    own = sorted(glob.glob(os.path.join(folder, "chromium*", "chrome-*", "*chrom*")), reverse=True)
    return next((path for path in own if os.access(path, os.X_OK) and os.path.isfile(path)), None)


def ensure_browser() -> None:
    """Find Chromium or install it. A failure here is only printed: the browser tests themselves then fail and say why."""
    for attempt in (install_with_apt, install_with_playwright):
        if find_chromium():
            return
        attempt()
    if not find_chromium():
        print("No Chromium found or installed: the browser tests will fail. CHROMIUM_PATH can name one.", file=sys.stderr)


def install_with_apt() -> None:
    """Install Debian's chromium, if we are root on Debian. Ubuntu's package of that name contains no browser, so it is not
    used."""
    if os.geteuid() != 0 or not shutil.which("apt-get") or os_release_id() != "debian":
        return
    print("Installing Debian's chromium for the browser tests …", flush=True)
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"]):
        run_quietly(command, environment, APT_SECONDS)


def os_release_id() -> str:
    """Return the ID of /etc/os-release, empty when there is none."""
    try:
        with open("/etc/os-release") as file:
            return next((line[3:].strip().strip('"') for line in file if line.startswith("ID=")), "")
    except OSError:
        return ""


def install_with_playwright() -> None:
    """Let Playwright download its own Chromium. If we are root, it also installs the system libraries that Chromium needs."""
    print("Letting Playwright install its Chromium for the browser tests …", flush=True)
    options = ["--with-deps"] if os.geteuid() == 0 else []
    environment = dict(os.environ, PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT="15000")
    run_quietly([VENV_PYTHON, "-m", "playwright", "install"] + options + ["chromium"], environment, PLAYWRIGHT_SECONDS)


def run_quietly(command: t.Sequence[str], environment: t.Dict[str, str], seconds: int) -> None:
    """Run `command` and show its output only if it fails."""
    try:
        subprocess.run(
            command,
            env=environment,
            timeout=seconds,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except subprocess.CalledProcessError as error:
        print("%s failed:\n%s" % (" ".join(command), error.output.decode(errors="replace")[-2000:]), file=sys.stderr)
    except (OSError, subprocess.TimeoutExpired) as error:
        print("%s failed: %s" % (" ".join(command), error), file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
