"""Background processes: `python worker.py [live|send|scheduler]…`.

`live` and `send` carry out jobs (`send` is apart because a slow provider must not hold up the inbox); `scheduler` is the relay
and the periodic jobs. Any number of each may run. One kind named is one process; several, or none for everything (`live send send
scheduler`), are forked from one process, share what it has imported, and are started again when they end.
"""

from __future__ import annotations

import sys

from app.config import SettingError
from app.process.background.runner import main

if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except SettingError as error:
        sys.exit(str(error))
