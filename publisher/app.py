"""The composition root: settings become a database, files, channels and lanes. Only wiring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from publisher import clock, registry, settings
from publisher.channel import Channel, Health, Serves, Shelf
from publisher.delivery import check, confirm, takedown, worker
from publisher.delivery.lanes import Lanes
from publisher.delivery.works import Works
from publisher.errors import ConfigError
from publisher.settings import Settings
from publisher.storage import queries
from publisher.storage.database import Database, migrate, open_database
from publisher.storage.media import MediaStore
from publisher.storage.shelf import DatabaseShelf
from publisher.workflow.desk import Desk

TARGETS_FILE = "config/targets.toml"


@dataclass(frozen=True, kw_only=True)
class App:
    """One installation, wired."""

    settings: Settings
    database: Database
    media: MediaStore
    channels: dict[str, Channel]
    desk: Desk  # for the acts of people
    works: Works  # for the work of time
    lanes: Lanes = field(default_factory=Lanes)

    def wake_due(self) -> None:
        """Send whatever is due on any lane."""
        with self.database.reads() as session:
            lanes = queries.due_lanes(session, now=clock.now())
        for lane in lanes:
            self.wake_send(lane)

    def wake_send(self, lane: str) -> None:
        """Send what is due on a lane, and look at once at what the outlet took."""

        def work() -> None:
            if worker.run_lane(self.works, lane):
                self.wake_look(lane)

        self.lanes.wake(f"send {lane}", work)

    def wake_look(self, target: str) -> None:
        """Look at what is to be looked at on a target; others may have waited for it."""

        def work() -> None:
            if confirm.run_target(self.works, target):
                self.wake_due()

        self.lanes.wake(f"look {target}", work)

    def wake_take_down(self, target: str) -> None:
        """Take down what is to be taken down on a target."""
        self.lanes.wake(f"take down {target}", lambda: takedown.run_target(self.works, target))

    def wake_check(self, target: str) -> None:
        """Ask a target how it is."""
        self.lanes.wake(f"check {target}", lambda: self.check(target))

    def close(self) -> None:
        """Begin nothing more; what is under way may finish."""
        self.works.stopping.set()
        self.lanes.close()

    def check(self, target: str) -> Health | None:
        """Ask a target how it is, now, and keep the answer; None where it cannot be asked."""
        return check.check(self.works, target, now=clock.now())


def build(home: Path) -> App:
    """Wire the installation in a folder; a mistake in its settings is a ConfigError."""
    return wire(settings.load(home))


def wire(settings: Settings) -> App:
    """Wire an installation; its database is brought to the newest schema."""
    database = open_database(settings.database_url)
    migrate(database.engine)
    media = MediaStore(settings.data / "media")
    channels = build_channels(
        settings, shelf=lambda name: DatabaseShelf(sessions=database.sessions, name=name)
    )
    return App(
        settings=settings,
        database=database,
        media=media,
        channels=channels,
        desk=Desk(settings=settings, database=database, channels=channels, media=media),
        works=Works(
            database=database,
            media=media,
            channels=channels,
            limits=settings.delivery,
            working_days=settings.working_days,
        ),
    )


def build_channels(settings: Settings, *, shelf: Callable[[str], Shelf]) -> dict[str, Channel]:
    """Make the channel of every target; the first mistake is a ConfigError."""
    channels: dict[str, Channel] = {}
    for name, table in settings.targets.items():
        folder = settings.data / "targets" / name
        try:
            channels[name] = registry.build(
                name, table, folder=folder, shelf=shelf(name), college=settings.college.name
            )
        except ConfigError as error:
            raise error.at(file=TARGETS_FILE, table=name) from error
    _check_mounts(channels)
    return channels


def _check_mounts(channels: dict[str, Channel]) -> None:
    """Two targets cannot show their pages at the same place of the public site."""
    taken: dict[str, str] = {}
    for name, channel in channels.items():
        if isinstance(channel, Serves):
            if other := taken.get(channel.mount):
                message = f"和 [{other}] 的页面在同一个位置（{channel.mount}），只能留一个"
                raise ConfigError(message, file=TARGETS_FILE, table=name, key="channel")
            taken[channel.mount] = name
