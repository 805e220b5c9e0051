"""What is different between two editions of an item, in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from publisher.documents.compare import compare, compare_words
from publisher.model import words
from publisher.model.item import Edition
from publisher.schedule import display, late, times
from publisher.workflow import freeze

Label = Callable[[str], str]  # what people call a target
MOMENTS = ("publish_at", "not_after", "expires_at")
APART = ("title", "body", "files", "overrides", "index_number")  # told in their own way, or given
CHOICES: Mapping[str, Mapping[str, str]] = {
    "audience": words.AUDIENCES,
    "urgency": words.URGENCIES,
    "late": late.POLICIES,
    "display_unit": display.UNITS,
}


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


def between(old: Edition, new: Edition, *, label: Label = str) -> Changes:
    """Return what the newer of two editions changed. Pure."""
    was, now = _wording(old), _wording(new)
    body = compare(old.body, new.body)
    return Changes(
        title=compare_words(old.title, new.title).html,
        body=body.html,
        places=body.places,
        fields=(*_fields(was, now, label), *_overrides(was, now, label)),
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


def _fields(was: Mapping[str, Any], now: Mapping[str, Any], label: Label) -> Iterator[Change]:
    for name, after in now.items():
        if name not in APART and was.get(name) != after:
            before = _said(name, was.get(name), label)
            yield Change(label=words.FIELDS[name], before=before, after=_said(name, after, label))


def _overrides(was: Mapping[str, Any], now: Mapping[str, Any], label: Label) -> Iterator[Change]:
    """Yield what single targets get instead, one line for each that changed."""
    old, new = was["overrides"], now["overrides"]
    for target in dict.fromkeys([*old, *new]):
        if old.get(target) != new.get(target):
            said = [
                "；".join(
                    f"{words.FIELDS[name]}：{_said(name, value, label)}"
                    for name, value in own.get(target, {}).items()
                    if value
                )
                for own in (old, new)
            ]
            yield Change(label=f"{label(target)} 单独设置", before=said[0], after=said[1])


def _said(name: str, value: Any, label: Label) -> str:
    if value is None or value == "":
        return ""
    if name in MOMENTS:
        return times.say(times.parse(value, field=name))
    if name == "targets":
        return "、".join(label(target) for target in value)
    return CHOICES.get(name, {}).get(value, str(value))


def _files(was: Sequence[Mapping[str, str]], now: Sequence[Mapping[str, str]]) -> Iterator[Change]:
    old, new = ({(one["role"], one["name"]): one for one in files} for files in (was, now))
    for role, name in dict.fromkeys([*old, *new]):
        one, other = old.get((role, name)), new.get((role, name))
        if one != other:
            before, after = _file(one), _file(other)
            if before == after:
                after = "换了内容"
            yield Change(label=words.FILE_ROLES[role], before=before, after=after)


def _file(file: Mapping[str, str] | None) -> str:
    """Return what people know a file by: a picture by what it shows."""
    if file is None:
        return ""
    return (file["alt"] if file["role"] == "image" else "") or file["name"]
