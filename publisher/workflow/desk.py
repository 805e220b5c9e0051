"""What the acts of people need beside a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from publisher.channel import Channel
from publisher.settings import Settings
from publisher.storage.database import Database
from publisher.storage.media import MediaStore


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Settings, channels by the name of their target, the files, and the database they are in.

    An act gets its session from the door, which owns the transaction. Only `review.submit` opens
    its own, because rendering must not hold the write lock.
    """

    settings: Settings
    database: Database
    channels: Mapping[str, Channel]
    media: MediaStore
