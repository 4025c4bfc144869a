"""The application for a WSGI server (`gunicorn wsgi:app`) and for its own commands (`flask --app wsgi …`)."""

from __future__ import annotations

import gc
import os
import sys

from app import create_app
from app.config import SettingError
from app.process.launch.join import settings_for_command
from app.process.launch.servers import InUse, ServerError

try:
    app = create_app(settings_for_command(os.environ))
except (SettingError, ServerError, InUse) as error:
    sys.exit(str(error))
gc.freeze()  # what the start made stays: the collector need not walk it with every page
