"""Who calls: the person whose token came with the request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from publisher.api.gate import CALLER
from publisher.app import App
from publisher.model.people import Person

# For the description only: the gate has looked at the token before anything was read.
_bearer = HTTPBearer(auto_error=False, description="令牌，用 publisher tokens create 生成")


@dataclass(frozen=True, kw_only=True)
class Caller:
    """One request of one person."""

    app: App
    person_id: int

    @contextmanager
    def acting(self) -> Iterator[tuple[Session, Person]]:
        """Begin the one transaction of a request; it is committed unless an error leaves it."""
        with self.app.database.sessions.begin() as session:
            yield session, session.get_one(Person, self.person_id)


def caller(
    request: Request, described: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    """Return who calls."""
    return Caller(app=request.app.state.installation, person_id=request.scope[CALLER])


Called = Annotated[Caller, Depends(caller)]
