"""config/kinds.toml: kinds of notice, and what follows from each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field

from publisher.errors import ConfigError
from publisher.settings import files
from publisher.settings.tables import Table

FILE = "config/kinds.toml"


class Kind(Table):
    """One kind of notice; what its table leaves out is as for an ordinary notice."""

    name: str = Field(min_length=1, max_length=16)
    of: str = ""  # the kind that this one is a special case of
    words: list[str] = []  # in the title: any of them makes it this special case
    risk: Literal["ordinary", "personal", "major", "emergency"] = "ordinary"
    display_days: int | None = Field(default=None, ge=1, le=365)  # 公示期, at least; None: any
    display_unit: Literal["calendar", "working"] = "working"
    display_basis: str = ""  # the rule that says so, for people
    display_effective_from: date | None = None  # that rule holds from this day; None: it does
    needs_contact: bool = False  # whether the text must name a contact for objections

    def least(self, day: date) -> int | None:
        """Return the least length of its display by the rules of a day; None: there is none."""
        begins = self.display_effective_from
        return None if begins is not None and day < begins else self.display_days


class _KindsFile(Table):
    kind: list[Kind] = []


@dataclass(frozen=True, kw_only=True)
class Kinds:
    """All kinds, in the order of their file."""

    listed: tuple[Kind, ...] = ()

    def of(self, kind: str, title: str = "") -> Kind:
        """Return what holds for a notice of that kind and title; one not listed is ordinary."""
        for special in self.listed:
            if special.of == kind and any(word in title for word in special.words):
                return special
        found = (one for one in self.listed if one.name == kind and not one.of)
        return next(found, Kind.model_construct(name=kind))


def kinds(home: Path) -> Kinds:
    """Return the kinds of notice; a special case has what it does not say from its `of`."""
    listed = files.model(_KindsFile, files.read(home, "kinds.toml"), file=FILE).kind
    plain = {one.name: one for one in listed if not one.of}
    for number, one in enumerate(listed, 1):
        _check(one, number, listed=listed, plain=plain)
    return Kinds(listed=tuple(_whole(one, plain) for one in listed))


def _check(one: Kind, number: int, *, listed: list[Kind], plain: dict[str, Kind]) -> None:
    place = {"file": FILE, "table": f"kind {number}"}
    if [other.name for other in listed].count(one.name) > 1:
        raise ConfigError(f"{one.name!r} 出现了两次", key="name", **place)
    if one.of and one.of not in plain:
        raise ConfigError(f"没有文种 {one.of!r}，请先写出它自己的一项", key="of", **place)
    if bool(one.of) != bool(one.words):
        key, other = ("words", "of") if one.of else ("of", "words")
        raise ConfigError(f"写了 {other}，这一项也要写", key=key, **place)
    if one.display_days is not None and not one.display_basis:
        raise ConfigError("写了 display_days，依据也要写", key="display_basis", **place)


def _whole(one: Kind, plain: dict[str, Kind]) -> Kind:
    if not one.of:
        return one
    return plain[one.of].model_copy(update={key: getattr(one, key) for key in one.model_fields_set})
