"""Pictures and attachments in the media library of the site, each known by its digest."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from channels.wordpress.api import MEDIA, PAGES, POSTS, Api
from channels.wordpress.codes import FILE
from publisher.channel import Part
from publisher.errors import PermanentError, UnknownOutcomeError

NAME = re.compile(r"ann-file-([0-9a-f]{32})")


def stored(api: Api, parts: Sequence[Part]) -> dict[str, dict[str, Any]]:
    """Return each file as the library has it, uploading what is not there yet."""
    return {part.name: _stored(api, part) for part in parts}


def _stored(api: Api, part: Part) -> dict[str, Any]:
    slug = f"ann-file-{hashlib.sha256(part.file).hexdigest()[:32]}"
    there = _named(api, slug)
    if there is not None:
        return there
    md5 = hashlib.md5(part.file, usedforsecurity=False).hexdigest()  # as WordPress compares it
    made = api.upload(
        f"{slug}{PurePath(part.name).suffix}",
        part.file,
        media_type=part.media_type,
        md5=md5,
        fields={"slug": slug, "title": part.label, "alt_text": part.label},
    )
    if not made.get("source_url"):
        raise UnknownOutcomeError("the library names no address", advice=FILE)
    return made


def _named(api: Api, slug: str) -> dict[str, Any] | None:
    """Return a file of the library; not asked with context=edit, for it may be another's."""
    for row in api.rows(MEDIA, slug=slug):
        if row.get("slug") == slug and row.get("source_url"):
            return row
    return None


def names_in(content: str) -> set[str]:
    """Return the names of the files that a post of ours shows or offers."""
    return {found[0] for found in NAME.finditer(content)}


def remove(api: Api, names: set[str]) -> None:
    """Delete files for good where no post or page that is not in the bin has them any more.

    A file has an address of its own, which goes on answering after its post is in the bin.
    """
    for name in sorted(names):
        if any(api.rows(POSTS, search=name, status="any")) or any(api.rows(PAGES, search=name)):
            continue
        there = _named(api, name)
        if there is not None:
            try:
                api.delete(f"{MEDIA}/{there['id']}", force=True)
            except PermanentError as error:
                advice = f"文件 {there['source_url']} 还能下载：请在 WordPress 媒体库里删除它"
                raise PermanentError(str(error), advice=advice) from error
