"""What is different between two editions of an item, in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from publisher.documents.compare import compare, compare_words
from publisher.model.item import Edition
from publisher.model.words import FIELDS
from publisher.schedule import times
from publisher.workflow import freeze

Say = Callable[[str, str], str | None]  # (field, value) -> what people call it
MOMENTS = ("publish_at", "not_after", "expires_at")
APART = ("title", "body", "files", "overrides", "index_number")  # told in their own way, or given
ROLES = {"image": "图片", "attachment": "附件"}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One field: what it was and what it is, as people read it; "" for nothing."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Changes:
    """All that is different; `title` and `body` are safe HTML with <ins> and <del>."""

    title: str
    body: str
    places: int  # in the body
    fields: tuple[Change, ...]
    files: tuple[Change, ...]

    @property
    def summary(self) -> str:
        """Return all of it in one line: "标题、发布时间、附件、正文 3 处"."""
        named = [one.label for one in (*self.fields, *self.files)]
        said = ["标题"] if "<ins>" in self.title or "<del>" in self.title else []
        said += list(dict.fromkeys(named))
        if self.places:
            said.append(f"正文 {self.places} 处")
        return "、".join(said)


def between(old: Edition, new: Edition, *, say: Say | None = None) -> Changes:
    """Return what the newer of two editions changed. Pure.

    `say` has what people call a value of a field; None for a field whose value speaks for itself.
    """
    was, now = _wording(old), _wording(new)
    body = compare(old.body, new.body)
    return Changes(
        title=compare_words(old.title, new.title).html,
        body=body.html,
        places=body.places,
        fields=tuple(_fields(was, now, say or _as_it_is)),
        files=tuple(_files(was["files"], now["files"])),
    )


def before(edition: Edition) -> Edition | None:
    """Return the edition that this one replaces; None for the first."""
    older = [one for one in edition.item.editions if one.number < edition.number]
    return older[-1] if older else None


def _wording(edition: Edition) -> Mapping[str, Any]:
    """Return what people wrote: as it was frozen, or as it stands."""
    if edition.manifest:
        frozen: Mapping[str, Any] = json.loads(edition.manifest)["wording"]
        return frozen
    return freeze.wording(edition)


def _fields(was: Mapping[str, Any], now: Mapping[str, Any], say: Say) -> Iterator[Change]:
    for name, after in now.items():
        if name not in APART and was.get(name) != after:
            said = _said(name, was.get(name), say), _said(name, after, say)
            yield Change(label=FIELDS.get(name, name), before=said[0], after=said[1])
    if was.get("overrides") != now["overrides"]:
        names = sorted({*(was.get("overrides") or {}), *now["overrides"]})
        yield Change(label="各渠道单独设置", before="", after=_said("targets", names, say))


def _said(name: str, value: Any, say: Say) -> str:
    if value is None or value == "":
        return ""
    if name in MOMENTS:
        return times.say(times.parse(value, field=name))
    values = value if isinstance(value, list) else [value]
    return "、".join(say(name, str(one)) or str(one) for one in values)


def _as_it_is(name: str, value: str) -> str | None:
    return None


def _files(was: Sequence[Mapping[str, str]], now: Sequence[Mapping[str, str]]) -> Iterator[Change]:
    old, new = ({(one["role"], one["name"]): one for one in files} for files in (was, now))
    for role, name in dict.fromkeys([*old, *new]):
        one, other = old.get((role, name)), new.get((role, name))
        if one == other:
            continue
        is_same_file = one is not None and other is not None and one["digest"] == other["digest"]
        after = "说明改了" if is_same_file else "换了内容" if one and other else name
        yield Change(label=ROLES[role], before=name if one else "", after=after if other else "")
