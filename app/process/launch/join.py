"""Find the settings for one command: those of the running installation in DATA_DIR, or of servers started for the command."""

from __future__ import annotations

import atexit
from collections.abc import Mapping
from dataclasses import replace

from app.config import SettingError, Settings, load_settings
from app.core.migrate import upgrade
from app.process.launch.servers import EmbeddedServers


def settings_for_command(environ: Mapping[str, str]) -> Settings:
    """Return complete settings. A server that they lack is started, and stops when this process exits.

    Only a command typed by a person (`flask --app wsgi …`) may start servers, because several web processes would each start
    their own. The database is then migrated, so that the first user can be made before the first `make run`. Raises
    SettingError if a server is missing and may not be started, and InUse or ServerError if it cannot be started.
    """
    settings = load_settings(environ)
    if settings.database_url and settings.redis_url:
        return settings
    if environ.get("FLASK_RUN_FROM_CLI") != "true":
        missing = "REDIS_URL" if settings.database_url else "DATABASE_URL"
        raise SettingError(f"{missing}: is unset and nothing runs in {settings.data_dir}; set it, or start `make run`")
    servers = EmbeddedServers(settings.data_dir, postgres=not settings.database_url, redis=not settings.redis_url)
    urls = servers.start()
    atexit.register(servers.stop)
    if urls.database_url:
        upgrade(urls.database_url)
    return replace(
        settings, database_url=settings.database_url or urls.database_url, redis_url=settings.redis_url or urls.redis_url
    )
