"""People: adding them, their passwords, their tokens, their sessions."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from publisher.errors import InvalidError, NotFoundError
from publisher.model.note import Note
from publisher.model.people import Person, Role, SignIn, Token
from publisher.settings import ROLES
from publisher.storage import notes
from publisher.workflow import rules

MIN_PASSWORD = 10  # characters
MAX_NAME = 64
HASHER = PasswordHasher()
NOBODY = HASHER.hash(secrets.token_hex(16))  # so that an unknown name takes as long as a wrong word


def add(
    session: Session, name: str, *, roles: Collection[str], password: str | None, at: datetime
) -> Person:
    """Add a person; None as password makes one who cannot sign in at the console."""
    name = name.strip()
    _check(session, name, roles=roles, password=password)
    person = Person(
        name=name,
        password_hash=HASHER.hash(password) if password is not None else None,
        created_at=at,
        role_rows=[Role(name=role) for role in sorted(set(roles))],
    )
    try:
        with session.begin_nested():
            session.add(person)
    except IntegrityError as error:  # somebody added the same name at this moment
        raise _taken(name) from error
    text = f"{name}：{'、'.join(ROLES[role] for role in sorted(person.roles))}"
    notes.append(session, Note(at=at, who=name, verb="add_person", text=text))
    return person


def _check(session: Session, name: str, *, roles: Collection[str], password: str | None) -> None:
    if not name or len(name) > MAX_NAME:
        raise InvalidError(f"姓名请写 1 到 {MAX_NAME} 个字", field="name")
    if session.scalar(select(Person.id).where(Person.name == name)) is not None:
        raise _taken(name)
    for role in roles:
        if role not in ROLES:
            known = "、".join(ROLES)
            raise InvalidError(f"没有角色 {role}，可用的有：{known}", field="roles")
    if not roles:
        raise InvalidError("至少给一个角色", field="roles")
    if reason := rules.clash(roles):
        raise InvalidError(reason, field="roles")
    if password is not None and len(password) < MIN_PASSWORD:
        raise InvalidError(f"密码至少 {MIN_PASSWORD} 个字符", field="password", code="weak")


def _taken(name: str) -> InvalidError:
    return InvalidError(f"已经有人叫 {name}，请加部门以示区别", field="name", code="taken")


def clashes(session: Session) -> list[str]:
    """Tell of active people whose roles nobody would be given together now."""
    active = session.scalars(select(Person).where(Person.is_active).order_by(Person.id))
    return [
        f"{person.name}：{reason}" for person in active if (reason := rules.clash(person.roles))
    ]


def named(session: Session, name: str) -> Person:
    """Return the person of that name."""
    person = session.scalar(select(Person).where(Person.name == name))
    if person is None:
        raise NotFoundError(f"没有叫 {name} 的人，请先用 publisher people add 添加")
    return person


def at_this_machine(session: Session, login: str, *, at: datetime) -> Person:
    """Return the person for an operating-system account that uses the command line.

    Whoever may run commands here has the database in hand anyway; the name keeps the ledger honest.
    Such a person writes and withdraws, but never reviews and cannot sign in.
    """
    name = f"本机操作员（{login}）"[:MAX_NAME]
    person = session.scalar(select(Person).where(Person.name == name))
    if person is None:
        person = add(session, name, roles=("author", "operator"), password=None, at=at)
    return person


def verify(session: Session, name: str, *, password: str) -> Person | None:
    """Return the person who knows this password, None for every other combination."""
    person = session.scalar(select(Person).where(Person.name == name.strip()))
    known = person.password_hash if person and person.is_active else None
    try:
        HASHER.verify(known or NOBODY, password)
    except (VerifyMismatchError, InvalidHashError):
        return None
    return person if known else None


def create_token(session: Session, person: Person, *, at: datetime) -> str:
    """Return a new token that acts as this person; it is shown once and kept as a digest."""
    token = f"yg_{secrets.token_urlsafe(32)}"
    session.add(Token(person=person, digest=_digest(token), created_at=at))
    notes.append(session, Note(at=at, who=person.name, verb="create_token"))
    return token


def of_token(session: Session, token: str) -> Person | None:
    """Return the active person whom a token stands for."""
    row = session.scalar(select(Token).where(Token.digest == _digest(token)))
    if row is None or row.revoked_at is not None or not row.person.is_active:
        return None
    return row.person


def sign_in(session: Session, person: Person, *, at: datetime, lasts: timedelta) -> str:
    """Begin a session of the console and return its cookie."""
    cookie = secrets.token_urlsafe(32)
    session.add(SignIn(person=person, digest=_digest(cookie), created_at=at, ends_at=at + lasts))
    return cookie


def of_cookie(session: Session, cookie: str, *, at: datetime) -> Person | None:
    """Return the active person whose session this is."""
    row = session.scalar(select(SignIn).where(SignIn.digest == _digest(cookie)))
    if row is None or row.ended_at is not None or row.ends_at <= at or not row.person.is_active:
        return None
    return row.person


def sign_out(session: Session, cookie: str, *, at: datetime) -> None:
    """End a session; one that is gone already stays gone."""
    row = session.scalar(select(SignIn).where(SignIn.digest == _digest(cookie)))
    if row is not None:
        row.ended_at = at


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
