"""An installation with something in it, on either database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from publisher import settings
from publisher.channel import Channel
from publisher.delivery.works import Works
from publisher.settings import Delivery as Limits
from publisher.settings import Settings
from publisher.storage.backup.restore import Order, Restored, restore
from publisher.storage.backup.take import Taken, take
from publisher.storage.database import migrate, open_database
from publisher.storage.media import MediaStore
from tests.make import NINE

SECRET = "the-secret-of-the-outlet"


def silent(step: str, done: int) -> None:
    """Show no progress."""


@dataclass(frozen=True)
class House:
    """One installation."""

    home: Path

    @property
    def settings(self) -> Settings:
        return settings.load(self.home, with_targets=False)

    def works(self, channels: dict[str, Channel] | None = None) -> Works:
        """Open it as a worker does."""
        database = open_database(self.settings.database_url)
        migrate(database.engine)
        return Works(
            database=database,
            media=MediaStore(self.settings.data / "media"),
            channels=channels or {},
            limits=Limits(),
        )

    def backup(self, path: Path, *, at: datetime = NINE) -> Taken:
        return take(self.settings, path, at=at, progress=silent)

    def restore(self, archive: Path, *, at: datetime, replaces: bool = True) -> Restored:
        order = Order(archive=archive, home=self.home, replaces=replaces, by="吴凡", at=at)
        return restore(order, progress=silent)


def build(home: Path, url: str) -> House:
    """Make an installation whose database is there already, with a few files of its outlets."""
    config = home / "config"
    (config / "secrets").mkdir(parents=True)
    (config / "secrets" / "wechat").write_text(SECRET)
    (config / "publisher.toml").write_text(f'[server]\ndatabase_url = "{url}"\n')
    (config / "targets.toml").write_text('[gate]\nchannel = "website"\nbase_url = "http://h"\n')
    folder = home / "data" / "targets" / "gate"
    folder.mkdir(parents=True)
    (folder / "index.html").write_text("<p>周六停水</p>")
    with closing(sqlite3.connect(folder / "own.sqlite3")) as own:
        own.execute("PRAGMA journal_mode = WAL")
        own.execute("CREATE TABLE sent (key TEXT)")
        own.execute("INSERT INTO sent VALUES ('delivery-1')")
        own.commit()
    return House(home)
