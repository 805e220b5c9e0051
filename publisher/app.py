"""The composition root: settings become a database, files, channels and lanes. Only wiring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from publisher import clock, registry, settings
from publisher.channel import Channel, Event, Health, Serves, Shelf
from publisher.delivery import check, confirm, events, gates, recover, takedown, worker
from publisher.delivery.engine import Engine, Kind, Work
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


@dataclass(kw_only=True)
class App:
    """One installation, wired. Its work is woken through `engine`, and done on `lanes`."""

    settings: Settings
    database: Database
    media: MediaStore
    channels: dict[str, Channel]
    desk: Desk  # for the acts of people
    works: Works  # for the work of time
    lanes: Lanes = field(init=False)
    engine: Engine = field(init=False)  # the lanes themselves, unless workers are elsewhere

    def __post_init__(self) -> None:
        self.lanes = Lanes(self.do)
        self.engine = self.lanes

    def do(self, work: Work, *, limit: int | None = None) -> None:
        """Do one kind of work at one place, `limit` sends at most, and wake what follows."""
        match work.kind:
            case Kind.SEND:
                self._send(work, limit=limit)
            case Kind.LOOK:
                if confirm.run_target(self.works, work.place):
                    self.wake_due()  # others may have waited for it
            case Kind.TAKE_DOWN:
                takedown.run_target(self.works, work.place)
            case Kind.CHECK:
                self.check(work.place)

    def _send(self, work: Work, *, limit: int | None) -> None:
        made = worker.run_lane(self.works, work.place, limit=limit)
        if limit is not None and made >= limit:
            self.engine.wake(work)
        if made:
            for target in self.works.targets_of(work.place):
                self.engine.wake(Work(Kind.LOOK, target))

    def wake_due(self) -> None:
        """Send whatever is due on any lane that may be used."""
        now = clock.now()
        with self.database.reads() as session:
            due = queries.due_lanes(session, self.works.lanes(), now=now)
            ready = gates.ready(session, self.works, due, now=now)
        for lane in ready:
            self.engine.wake(Work(Kind.SEND, lane))

    def hear(self, target: str, event: Event) -> None:
        """Keep what the outlet of a target has reported, and look at once."""
        for name in events.take(self.works, target, event, now=clock.now()):
            self.engine.wake(Work(Kind.LOOK, name))

    def wake_take_down(self, target: str) -> None:
        """Take down what is to be taken down on a target, at once."""
        self.engine.wake(Work(Kind.TAKE_DOWN, target))

    def watch_calls(self) -> None:
        """Show that this process lives, and give up calls that have outlived their lease."""
        recover.beat(self.works, now=clock.now())
        for call in self.works.calls.cut(longer_than_s=self.works.limits.lease_s):
            if call.holds_lane:
                self.lanes.give_up(call.lane)

    def close(self) -> None:
        """Begin nothing more; what is under way may finish."""
        self.works.stopping.set()
        self.lanes.close()
        if self.engine is not self.lanes:
            self.engine.close()

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
    """Make the channel of every target; the first mistake is a ConfigError.

    Targets of one kind share a shelf: they may be ways of one account.
    """
    channels: dict[str, Channel] = {}
    for name, table in settings.targets.items():
        folder = settings.data / "targets" / name
        try:
            channels[name] = registry.build(
                name,
                table,
                folder=folder,
                shelf=shelf(str(table.get("channel", name))),
                college=settings.college.name,
                home=settings.home,
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
