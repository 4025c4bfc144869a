"""Settings of gunicorn for web workers that are forked and share memory (`gunicorn --config … --preload wsgi:app`).

The master imports the application once and forks the workers from it. gunicorn runs this file before that, by itself: it
must not import the application. What the application imports has to be gevent's from the start, so the patches come first.
The rest of them are for the workers alone, which apply them themselves: the master waits for its children and its signals as it
always did. Nothing here opens a connection or starts a thread.
"""

import warnings

from gevent import monkey

worker_class = "gevent"

warnings.filterwarnings("ignore", "Patching more than once", monkey.MonkeyPatchWarning)  # which is what is meant
monkey.patch_all(os=False, signal=False, subprocess=False)
