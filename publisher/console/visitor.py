"""Who visits: the person whose session it is, what they look at, and the forms they post."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse

from publisher import clock
from publisher.app import App
from publisher.channel import Devices, Splits
from publisher.console import faults, pages, security, todo, words
from publisher.console.todo import Group
from publisher.errors import InvalidError
from publisher.model.alarm import Alarm
from publisher.model.delivery import Delivery
from publisher.model.item import Edition
from publisher.model.people import Person
from publisher.model.target import EVERYTHING, Pause
from publisher.settings import ROLES
from publisher.storage import queries, vitals
from publisher.workflow import machines, people, rules

MAX_ID = 2**31 - 1  # what an integer column of PostgreSQL holds
MAX_NOTE = 2000  # characters
MAX_FIELDS = 2000
MAX_FILES = 100
MAX_FIELD_BYTES = 4 * 2**20  # the words of one notice


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """One request of one person who has signed in."""

    app: App
    person_id: int
    cookie: str = field(repr=False)
    done: str = ""  # what was just done, by a word of words.DONE

    @contextmanager
    def acting(self) -> Iterator[tuple[Session, Person]]:
        """Begin a transaction; it is committed unless an error leaves it."""
        with self.app.database.sessions.begin() as session:
            yield session, session.get_one(Person, self.person_id)

    @contextmanager
    def looking(self) -> Iterator[Look]:
        """Begin to read what a page shows."""
        with self.app.database.reads() as session:
            person = session.get_one(Person, self.person_id)
            yield Look(visitor=self, session=session, person=person, now=clock.now())


@dataclass(frozen=True, kw_only=True)
class Look:
    """One read for one page."""

    visitor: Visitor
    session: Session
    person: Person
    now: datetime

    @property
    def app(self) -> App:
        """The installation."""
        return self.visitor.app

    @cached_property
    def in_review(self) -> list[Edition]:
        """What waits for verdicts of anybody."""
        return queries.in_review(self.session)

    @cached_property
    def waiting(self) -> list[Edition]:
        """What waits for a verdict of this person."""
        stages = self.app.settings.stages
        return [e for e in self.in_review if rules.may_review(self.person, e, stages) is None]

    @cached_property
    def groups(self) -> list[Group]:
        """What waits for this person to do anything, the most urgent first."""
        return todo.groups(self)

    @property
    def tasks_open(self) -> int:
        """How many things wait for this person."""
        return sum(group.count for group in self.groups)

    @cached_property
    def alarms(self) -> list[Alarm]:
        """The alarms that are not over."""
        return list(vitals.open_alarms(self.session))

    def label(self, target: str) -> str:
        """Return what staff call a target."""
        channel = self.app.channels.get(target)
        if channel is None:
            return target
        alike = [other for other in self.app.channels.values() if other.label == channel.label]
        return channel.label if channel.label and len(alike) == 1 else f"{channel.label} {target}"

    def part_label(self, target: str, part: str) -> str:
        """Return what people call a place of a target."""
        channel = self.app.channels.get(target)
        if isinstance(channel, Splits) and part in channel.parts():
            return channel.part_label(part)
        return part

    def plays(self, delivery: Delivery) -> bool:
        """Return whether there may be proof of play of a delivery."""
        is_out = delivery.accepted_at is not None
        return is_out and isinstance(self.app.channels.get(delivery.target), Devices)

    def places(self, target: str) -> str:
        """Return what people call all places of a target; "" where it is a single one."""
        channel = self.app.channels[target]
        names = channel.parts() if isinstance(channel, Splits) else ()
        return "、".join(self.part_label(target, name) for name in names)

    def page(self, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        """Return a page with everything that all pages show."""
        return pages.page(template, status=status, **self.around(), **context)

    def around(self) -> dict[str, Any]:
        """Return what every page shows beside its own matter."""
        return {
            "now": self.now,
            "person": self.person,
            "roles": "、".join(ROLES[role] for role in sorted(self.person.roles)),
            "college": self.app.settings.college.name,
            "token": security.form_token(self.visitor.cookie),
            "done": words.DONE.get(self.visitor.done, ""),
            "look": self,  # counts are made only where they are shown: not in live pieces
            "stopped": self.session.get(Pause, EVERYTHING),
            "has_screens": bool(machines.fleets(self.app.channels)),
            "label": self.label,
            "part_label": self.part_label,
            "plays": self.plays,
        }


def visitor(request: Request, done: Annotated[str, Query()] = "") -> Visitor:
    """Return who visits, or raise NotSignedInError."""
    app: App = request.app.state.installation
    cookie = request.cookies.get(security.COOKIE, "")
    with app.database.reads() as session:
        person = people.of_cookie(session, cookie, at=clock.now()) if cookie else None
    if person is None:
        raise faults.NotSignedInError
    return Visitor(app=app, person_id=person.id, cookie=cookie, done=done)


async def posted(
    request: Request, signed_in: Annotated[Visitor, Depends(visitor)]
) -> AsyncIterator[FormData]:
    """Return the form of somebody who has signed in, once its token is found to be theirs."""
    async with request.form(
        max_files=MAX_FILES, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES
    ) as form:
        token = form.get("form_token")
        if not isinstance(token, str) or not security.is_form_token(signed_in.cookie, token):
            raise HTTPException(403, faults.OLD_FORM)
        yield form


Signed = Annotated[Visitor, Depends(visitor)]
Posted = Annotated[FormData, Depends(posted)]
Id = Annotated[int, Path(ge=1, le=MAX_ID)]
Before = Annotated[int | None, Query(ge=1, le=MAX_ID)]


def text_of(form: FormData, name: str) -> str:
    """Return what was typed into a field, without what no text may hold."""
    value = form.get(name)
    return printable(value) if isinstance(value, str) else ""


def note_of(form: FormData, name: str) -> str:
    """Return what was typed into a field for a few sentences."""
    note = text_of(form, name).strip()
    if len(note) > MAX_NOTE:
        raise InvalidError(f"最多写 {MAX_NOTE} 个字，请缩短", field=name, code="too_long")
    return note


def texts_of(form: FormData, name: str) -> list[str]:
    """Return all values of a field that may be repeated."""
    return [printable(value) for value in form.getlist(name) if isinstance(value, str)]


def printable(text: str) -> str:
    """Return a text with line breaks of one kind and without control characters."""
    return "".join(
        letter
        for letter in text.replace("\r\n", "\n").replace("\r", "\n")
        if letter in "\n\t" or (letter >= " " and letter != "\x7f" and not _is_half(letter))
    )


def _is_half(letter: str) -> bool:
    return "\ud800" <= letter <= "\udfff"
