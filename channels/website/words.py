"""The templates of this channel, and how they say days, moments and sizes."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from channels.website.feeds import for_xml
from channels.website.kinds import kind_of
from publisher.channel import CAMPUS_TIME

HERE = Path(__file__).parent
GENERATOR = "一稿"  # on every page; the status check looks for it


def environment(theme: Path | None = None) -> Environment:
    """Return the templates; those in the theme's folder `templates` stand before ours."""
    folders = [HERE / "templates"]
    if theme is not None:
        folders.insert(0, theme / "templates")
    made = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {
        "day": day,
        "moment": moment,
        "stamp": stamp,
        "size": size,
        "kind_words": lambda name: kind_of(name).words,
        "for_xml": for_xml,
    }
    return made


def day(value: date) -> str:
    """Return a day as people say it; a moment is taken in campus time."""
    local = value.astimezone(CAMPUS_TIME) if isinstance(value, datetime) else value
    return f"{local.year}年{local.month}月{local.day}日"


def moment(value: datetime) -> str:
    """Return a moment as people say it, in campus time."""
    local = value.astimezone(CAMPUS_TIME)
    return f"{day(local)} {local.hour}:{local.minute:02}"


def stamp(value: datetime) -> str:
    """Return a moment as the label PubDate has it: 2026-11-24 08:30."""
    return f"{value.astimezone(CAMPUS_TIME):%Y-%m-%d %H:%M}"


def size(size_bytes: int) -> str:
    """Return a size for readers: 820 B, 66 KB, 1.2 MB."""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    if size_bytes < 1_000_000:
        return f"{round(size_bytes / 1000)} KB"
    return f"{size_bytes / 1_000_000:.1f} MB"
