"""What the publisher asks of a channel, and all that a channel knows of the publisher.

A channel object is one target: its fields are its settings. Two fields are filled in by the
registry where a channel declares them: `folder: Path`, a directory of the target's own, and
`shelf: Shelf`, a few small values shared by all processes of this installation.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar, Literal, Protocol
from zoneinfo import ZoneInfo

from publisher.errors import ChannelError

CAMPUS_TIME = ZoneInfo("Asia/Shanghai")  # how moments are shown; in the records they are UTC

ASGIApp = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]


@dataclass(frozen=True, kw_only=True)
class Image:
    """A picture of the body, which shows it as `<img src="media:NAME" alt="…">`."""

    name: str  # unique within the content, ASCII: "3f2a….png"
    file: bytes
    media_type: str  # "image/jpeg", "image/png"
    alt: str  # what it shows, for those who cannot see it


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file that belongs to the notice and is offered beside it."""

    name: str  # as a reader sees it: "信息公开事项自查表.pdf"
    file: bytes
    media_type: str  # "application/pdf"


@dataclass(frozen=True, kw_only=True)
class Content:
    """What the author wrote, before any channel has shaped it."""

    title: str
    body: str  # clean HTML, a fragment; its vocabulary is that of publisher/documents/html.py
    summary: str = ""  # one or two sentences, for outlets that take little
    link: str = ""  # address of the full text, if there is one
    kind: str = "通知"  # 通知 公示 公告 报告 …
    category: str = ""  # number on the official disclosure list: "0307"
    category_name: str = ""  # "财务、资产及收费信息"
    department: str = ""  # who issued it, full name
    document_number: str = ""  # 发文字号: "泉工程院办〔2026〕38号"
    index_number: str = ""  # 索引号, never changes: "13771-0307-2026-0001"
    issued_on: date | None = None  # 成文日期
    audience: str = "public"  # "public", or "campus": not for outlets that the public reads
    publish_at: datetime | None = None  # aware; None: as soon as it is approved
    expires_at: datetime | None = None  # aware; None: stays
    images: tuple[Image, ...] = ()  # in reading order
    attachments: tuple[Attachment, ...] = ()  # in the order of the notice


@dataclass(frozen=True, kw_only=True)
class Part:
    """A file that travels beside the body of a rendition, which may name it as `media:NAME`."""

    name: str  # unique within the rendition, ASCII
    media_type: str
    file: bytes
    label: str = ""  # as a reader sees it; a picture's alternative text, an attachment's name


@dataclass(frozen=True, kw_only=True)
class Rendition:
    """Content as one channel will show it; what the reviewer sees and approves."""

    body: bytes
    media_type: str  # of body: "text/plain", "text/html", "image/png"
    title: str = ""
    parts: tuple[Part, ...] = ()  # sent beside body, in this order
    facts: Mapping[str, str] = field(default_factory=dict)  # what deliver needs to know besides


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What the outlet said when it took a rendition, or when it was asked."""

    remote_id: str  # the outlet's own name for it; withdraw() needs it
    url: str = ""  # where a reader can see it, if the outlet has such a place
    evidence: str = ""  # what was seen there, one sentence in Chinese
    awaits: str = ""  # what a person has to do before it is visible, in Chinese; empty: nothing


@dataclass(frozen=True, kw_only=True)
class Health:
    """How a target is; the sentences are Chinese."""

    is_reachable: bool
    is_signed_in: bool | None = None  # None: the outlet has no sign-in, or cannot be asked
    quota_left: int | None = None  # None: no quota, or not known
    quota_unit: str = ""  # what is counted: "次群发（今日）"
    note: str = ""  # what the outlet says of itself
    advice: str = ""  # what a person should do; empty: nothing

    @property
    def is_well(self) -> bool:
        """Whether nobody has to do anything."""
        return self.can_take and not self.advice

    @property
    def can_take(self) -> bool:
        """Whether a delivery is worth trying; advice may speak of one group of the account only."""
        return self.is_reachable and self.is_signed_in is not False


class Shelf(Protocol):
    """A few small values, each with an end, shared by all processes of this installation."""

    def read(self, key: str) -> str | None:
        """Return the value, None where there is none or its time is over."""

    def write(self, key: str, value: str, *, ttl_s: float) -> None:
        """Keep the value for that many seconds."""

    def lock(self, key: str) -> AbstractContextManager[None]:
        """Keep every other process and thread out of the same key; wait for it if need be."""


class Channel(ABC):
    """One target on one outlet. The fields of a subclass are its settings."""

    label: ClassVar[str] = ""  # 渠道 in the words of the console: "官网"
    typical_delay_s: ClassVar[float] = 2.0  # from accepted to visible; look-ups keep this apart
    at_once: ClassVar[int] = 1  # deliveries of one account that may be under way together

    @abstractmethod
    def render(self, content: Content) -> Rendition:
        """Shape content for this outlet. Pure: no clock, network or database.

        Raise UnfitError rather than cut, drop or shorten anything silently.
        """

    @abstractmethod
    def deliver(self, rendition: Rendition, *, key: str) -> Receipt:
        """Hand it over, once; key is the same on every attempt at one delivery."""


class Prepares(ABC):
    """Also: invisible, repeatable work (uploads, a draft) comes before the visible act."""

    @abstractmethod
    def prepare(self, rendition: Rendition, *, key: str) -> str:
        """Do it, and return the handle that deliver_prepared needs. Nobody may see a thing."""

    @abstractmethod
    def deliver_prepared(self, rendition: Rendition, *, key: str, handle: str) -> Receipt:
        """Do the one visible act; called in place of deliver."""


class Bundles(ABC):
    """Also: several renditions of one target go out in one call, in a fixed order, with one key.

    Such a channel is always called by these methods, for a single rendition too. A member is
    looked up afterwards under the key of its bundle and its place, from 1: "bundle-7.2".
    """

    max_bundle: int = 8  # renditions in one call

    def prepare_bundle(self, renditions: Sequence[Rendition], *, key: str) -> str:
        """Do what is invisible and repeatable, and return the handle for deliver_bundle."""
        return ""

    @abstractmethod
    def deliver_bundle(
        self, renditions: Sequence[Rendition], *, key: str, handle: str
    ) -> Sequence[Receipt | ChannelError]:
        """Do the one visible act; answer for each rendition, in the same order.

        Raise a ChannelError where it holds for all of them.
        """


class Repeats(ABC):
    """Also: after a lost answer the same call may be made again, and has one effect at the most.

    The outlet knows the call by its key: it answers a second one with what came of the first.
    Called while every delivery of the first call is unconfirmed and still to go out, not before
    `repeat_after_s` and not after `repeat_within_s`, counted from the beginning of the first.
    """

    repeat_after_s: ClassVar[float] = 60.0
    repeat_within_s: ClassVar[float] = 72_000.0  # a safe part of the outlet's memory for keys

    @abstractmethod
    def repeat(
        self, renditions: Sequence[Rendition], *, key: str, handle: str
    ) -> Sequence[Receipt | ChannelError]:
        """Make the very same call; answer for each rendition, in the same order.

        Nothing is prepared anew. PermanentError: the first has not come through, and none will.
        Any other error proves nothing of the first, and the call is made again later.
        """


class Confirms(ABC):
    """Also: the outlet can be asked what it has."""

    @abstractmethod
    def confirm(self, *, key: str, receipt: Receipt | None) -> Receipt | None:
        """Look, change nothing. None only where it is certain that nothing is there.

        Raise UnknownOutcomeError for "not yet" and for every answer that proves neither.
        """


class Watches(ABC):
    """Also: what was confirmed is looked at again: it may be gone, or its address be known late.

    `confirm` is asked; None means that the outlet has taken it away.
    """

    @abstractmethod
    def watch_after_s(self, looks: int) -> float | None:
        """Return when to look, in seconds from the confirmation, after so many looks since.

        None: not any more. Pure.
        """


class Finds(ABC):
    """Also: a rendition can be found by what it says, without any record of ours.

    Asked after a restore from a backup, when our own records may be older than the outlet's.
    """

    @abstractmethod
    def find(self, rendition: Rendition, *, key: str) -> Receipt | None:
        """Look, change nothing; None and UnknownOutcomeError as in Confirms.confirm."""


class Withdraws(ABC):
    """Also: the outlet can take a delivery down."""

    @abstractmethod
    def withdraw(self, receipt: Receipt, *, reason: str) -> None:
        """Take it down. Already gone counts as done. The public may read the reason."""


class Previews(ABC):
    """Also: the outlet can show a rendition to one person on their phone before it is approved."""

    @abstractmethod
    def preview(self, renditions: Sequence[Rendition], *, to: str) -> None:
        """Show it to the person whom the outlet calls `to`, and to nobody else."""


class Assists(ABC):
    """Also: a person makes the visible act by hand, or the last step of it.

    `deliver` hands it to that person: its receipt says in `awaits` what they have to do.
    """

    @abstractmethod
    def steps(self, rendition: Rendition) -> tuple[str, ...]:
        """Return what the person does, in order, in Chinese; () where nobody is needed. Pure."""

    def assignee(self) -> str:
        """Return the name of the person; empty: whoever is at the desk. Pure."""
        return ""


@dataclass(frozen=True, kw_only=True)
class Event:
    """What an outlet reported by itself. Only a hint: the look that it leads to decides."""

    remote_id: str  # of the receipts it is about, or their beginning before ":"
    at: datetime  # aware
    is_send: bool = False  # the account has sent something; if we did not, a person did by hand
    text: str = ""  # one sentence in Chinese, for the record


class Reports(ABC):
    """Also: the outlet calls us back, at /callbacks/TARGET on the public site."""

    @abstractmethod
    def receiver(self, tell: Callable[[Event], None]) -> ASGIApp:
        """Return the application that is called; it checks who calls, and answers in seconds.

        `tell` blocks; once it has returned, the event is kept, and telling it twice tells it once.
        """


class Checks(ABC):
    """Also: the outlet can be asked how it is."""

    @abstractmethod
    def check(self) -> Health:
        """Ask, change nothing; a refused connection is an answer, not an error."""


class Links(ABC):
    """Also: the public address is known beforehand, so that other channels can point to it."""

    @abstractmethod
    def link(self, content: Content) -> str:
        """Return the address that content will have. Pure."""


class Splits(ABC):
    """Also: one target is several places (groups, screens), each with a delivery of its own."""

    @abstractmethod
    def parts(self) -> tuple[str, ...]:
        """Return the names of the places, unique, at least one."""

    @abstractmethod
    def part(self, name: str) -> Channel:
        """Return the channel of one place; it takes the renditions of the whole."""

    def part_label(self, name: str) -> str:
        """Return what people call a place."""
        return name


class Shares(ABC):
    """Also: several targets may be places of one account, whose limits they share."""

    @abstractmethod
    def account(self) -> str:
        """Return what names the account, the same in all its targets; no secret. Pure.

        A way of using it that has limits of its own follows after a "/": "gh_1/link". One item
        takes one of the ways.
        """


class Paces(ABC):
    """Also: the account must not be used faster than this."""

    @abstractmethod
    def gap_s(self) -> float:
        """Return the seconds to leave before the next delivery; may differ from call to call."""

    def usual_gap_s(self) -> float:
        """Return the mean of those seconds, to say when a long row of deliveries will end."""
        return self.gap_s()


class Rests(ABC):
    """Also: the account is left alone at certain hours, even in the middle of a long row."""

    @abstractmethod
    def rest_until(self, moment: datetime) -> datetime:
        """Return the first moment not before this one at which it may be used. Pure."""


@dataclass(frozen=True, kw_only=True)
class Ration:
    """So many sends of one account in a day or month of campus time; spent when they are made."""

    sends: int
    period: Literal["day", "month"]
    reserve: int = 0  # so many of them are kept for what is urgent


class Rations(ABC):
    """Also: an account has a number of sends that is lost when spent."""

    @abstractmethod
    def rations(self) -> tuple[Ration, ...]:
        """Return what the outlet allows; all of them hold. Pure."""


class Slots(ABC):
    """Also: deliveries leave only at certain times of the day; an emergency does not wait."""

    @abstractmethod
    def slot(self, moment: datetime) -> datetime:
        """Return the first allowed moment that is not before this one. Pure."""


@dataclass(frozen=True, kw_only=True)
class Device:
    """One machine of a target, as it is now; None and empty: not known."""

    name: str
    label: str
    is_accepted: bool  # a person has said that this machine is the place
    asks: bool = False  # a machine waits to be accepted, and shows a code
    seen_at: datetime | None = None  # its last sign of life
    shows: str = ""  # the title of what is on it
    trouble: str = ""  # what a person should do, in Chinese; empty: it is well
    waiting: int = 0  # deliveries that it has not shown yet
    agent: str = ""  # what the machine calls itself
    is_offline: bool = False  # it has no network; a person carries things there


@dataclass(frozen=True, kw_only=True)
class Played:
    """How often a delivery was on one machine on one day of campus time."""

    device: str
    day: date
    first_at: datetime
    last_at: datetime
    times: int


class Devices(ABC):
    """Also: the outlet has machines of its own, which are accepted, watched and asked for proof."""

    @abstractmethod
    def devices(self) -> tuple[Device, ...]:
        """Return all of them, in the order of the settings."""

    @abstractmethod
    def accept(self, name: str, code: str) -> None:
        """Accept the machine that shows this code; UnfitError(field="code") where none does."""

    @abstractmethod
    def release(self, name: str) -> None:
        """Let the machine be this place no more."""

    @abstractmethod
    def picture(self, name: str) -> bytes | None:
        """Return a PNG of what is on it now; None: nothing, or not known."""

    @abstractmethod
    def plays(self, key: str) -> tuple[Played, ...]:
        """Return the proof of play of a delivery, oldest first."""

    @abstractmethod
    def pack(self, name: str) -> bytes:
        """Return a ZIP that a machine without network plays by itself."""


@dataclass(frozen=True, kw_only=True)
class Alert:
    """An emergency: it goes before everything else, and always has an end."""

    id: str  # unique, ASCII
    headline: str
    words: str = ""
    style: Literal["full", "banner"] = "full"  # over all of the screen, or along its edge
    begins_at: datetime  # aware
    ends_at: datetime  # aware


@dataclass(frozen=True, kw_only=True)
class AlertAnswer:
    """What one machine said of an alert; None: nothing yet."""

    device: str
    label: str
    shown_at: datetime | None
    removed_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class AlertShown:
    """An alert, how it ended, and what each machine said of it."""

    alert: Alert
    cancelled_at: datetime | None
    answers: tuple[AlertAnswer, ...]

    def is_on(self, at: datetime) -> bool:
        """Whether it stands at a moment."""
        return self.cancelled_at is None and self.alert.begins_at <= at < self.alert.ends_at


class Alerts(ABC):
    """Also: the outlet can interrupt everything for an emergency, at once."""

    @abstractmethod
    def require_fit(self, alert: Alert, *, devices: tuple[str, ...] = ()) -> None:
        """Raise UnfitError(field=) where it cannot be shown on these machines. Pure."""

    @abstractmethod
    def alert(self, alert: Alert, *, devices: tuple[str, ...] = ()) -> None:
        """Show it on these machines, or all; the same id again changes nothing."""

    @abstractmethod
    def end_alert(self, id: str) -> None:
        """End it now."""

    @abstractmethod
    def alerts(self, limit: int) -> tuple[AlertShown, ...]:
        """Return the latest ones, newest first."""


class Serves(ABC):
    """Also: an outlet that we run ourselves; its pages are mounted on the public site."""

    mount: ClassVar[str] = "/"  # path on the public site

    @abstractmethod
    def pages(self) -> ASGIApp:
        """Return the application that answers below `mount`."""

    def closing(self) -> None:
        """End the answers that would not end by themselves: the server is about to stop."""
        return
