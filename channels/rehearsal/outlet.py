"""What both practice outlets offer to the people and programs that steer them."""

from __future__ import annotations

from typing import Any, Protocol

from pydantic import BaseModel

from channels.rehearsal.faults import Faults
from channels.rehearsal.line import Line


class Outlet(Protocol):
    """A practice outlet: a line for its callers, and switches for those who rehearse."""

    name: str  # its path: "wechat"
    faults: Faults
    line: Line

    def call_of(self, path: str) -> str | None:
        """Return the name of the call at a path below the outlet, None for a page."""

    def visible(self) -> dict[str, Any]:
        """Return what the public can see now."""

    def settings(self) -> BaseModel:
        """Return its settings."""

    def change(self, changes: dict[str, object]) -> BaseModel:
        """Change some settings; pydantic.ValidationError where one is wrong."""
