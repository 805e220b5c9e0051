"""Pictures at WeChat: each is uploaded once for an account, and known by its digest from then on.

Source: media/uploadimg and material/add_material, whose results stay; a permanent material can be
deleted in the console, so a cover that WeChat no longer knows is uploaded anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from channels.wechat.api import Api
from publisher.channel import Part, Shelf

KEPT_S = 30 * 86400.0


@dataclass(frozen=True, kw_only=True)
class Uploads:
    """What one account has of our pictures."""

    api: Api
    shelf: Shelf = field(repr=False)

    def picture(self, part: Part) -> str:
        """Return the address of a picture of the text."""
        return self._once("picture", part, self.api.upload_picture)

    def cover(self, part: Part) -> str:
        """Return the media_id of a cover."""
        return self._once("cover", part, self.api.upload_cover)

    def forget_cover(self, part: Part) -> None:
        """Upload it anew when it is asked for again."""
        self.shelf.write(self._place("cover", part), "", ttl_s=0)

    def _once(self, use: str, part: Part, upload: Callable[[Part], str]) -> str:
        place = self._place(use, part)
        if known := self.shelf.read(place):
            return known
        found = upload(part)
        self.shelf.write(place, found, ttl_s=KEPT_S)
        return found

    def _place(self, use: str, part: Part) -> str:
        digest = hashlib.sha256(part.file).hexdigest()[:40]
        return f"wechat-{use}-{self.api.account.appid}-{digest}"
