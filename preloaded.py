"""The application for gunicorn's --preload with gevent workers: `gunicorn --preload --worker-class gevent … preloaded:app`.

The master imports it once and the web workers, forked from it, share that memory. What the application imports has to be gevent's
from the start, so the patches come first. The rest of them are for the workers alone, which apply them themselves: the master
waits for its children and its signals as it always did. Nothing here opens a connection or starts a thread.
"""

import warnings

from gevent import monkey

warnings.filterwarnings("ignore", "Patching more than once", monkey.MonkeyPatchWarning)  # which is what is meant
monkey.patch_all(os=False, signal=False, subprocess=False)

from wsgi import app  # noqa: E402

__all__ = ["app"]
