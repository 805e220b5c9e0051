"""The second engine: wake-ups through Procrastinate on PostgreSQL, for workers on any machine."""

from __future__ import annotations

from publisher import settings
from publisher.app import App
from publisher.wakeups import schema
from publisher.wakeups.engine import Wakeups
from publisher.wakeups.worker import Process

__all__ = ["Process", "use"]


def use(app: App) -> None:
    """Wake workers elsewhere from now on; a database that cannot is a ConfigError."""
    settings.check_engine(app.settings.server.model_copy(update={"engine": "procrastinate"}))
    schema.install(app.database.engine)
    app.engine = Wakeups(app.works)
