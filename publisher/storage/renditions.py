"""Renditions in the records: frozen into the media store and given back byte for byte."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from sqlalchemy.orm import Session, sessionmaker

from publisher.channel import Part, Rendition
from publisher.model.canonical import canonical, sha256
from publisher.model.item import FrozenRendition
from publisher.storage.media import DamagedError, MediaStore


def freeze(target: str, rendition: Rendition, media: MediaStore) -> FrozenRendition:
    """Store the bytes of a rendition and return its record."""
    parts = [
        {
            "name": part.name,
            "media_type": part.media_type,
            "digest": media.put(part.file),
            "label": part.label,
        }
        for part in rendition.parts
    ]
    frozen = FrozenRendition(
        target=target,
        media_type=rendition.media_type,
        title=rendition.title,
        body_digest=media.put(rendition.body),
        parts=parts,
        facts=dict(rendition.facts),
    )
    frozen.digest = sha256(canonical(sealed(frozen)))
    return frozen


def thaw(frozen: FrozenRendition, media: MediaStore) -> Rendition:
    """Return the rendition exactly as it was frozen; DamagedError where its record has changed."""
    if sha256(canonical(sealed(frozen))) != frozen.digest:
        raise DamagedError(f"渠道稿 {frozen.id} 的记录已损坏，请从备份中恢复")
    return Rendition(
        body=media.read(frozen.body_digest),
        media_type=frozen.media_type,
        title=frozen.title,
        parts=tuple(
            Part(
                name=part["name"],
                media_type=part["media_type"],
                file=media.read(part["digest"]),
                label=part["label"],
            )
            for part in frozen.parts
        ),
        facts=dict(frozen.facts),
    )


def sealed(frozen: FrozenRendition) -> dict[str, object]:
    """Return what the digest of a rendition is taken over."""
    return {
        "media_type": frozen.media_type,
        "title": frozen.title,
        "body": frozen.body_digest,
        "parts": frozen.parts,
        "facts": frozen.facts,
    }


KEPT = 64  # renditions; a fan-out to hundreds of places sends few different ones
MAX_KEPT_BYTES = 1 << 20  # a larger one is read anew each time


@dataclass
class Thawed:
    """The renditions that were sent lately, so that a fan-out reads the same bytes once.

    A frozen rendition never changes, so what is kept never grows stale.
    """

    _kept: OrderedDict[int, Rendition] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(
        self, sessions: sessionmaker[Session], media: MediaStore, rendition_id: int
    ) -> Rendition:
        """Return a rendition; NotFoundError or DamagedError where its bytes are not there."""
        with self._lock:
            if (kept := self._kept.get(rendition_id)) is not None:
                self._kept.move_to_end(rendition_id)
                return kept
        with sessions() as session:
            rendition = thaw(session.get_one(FrozenRendition, rendition_id), media)
        if len(rendition.body) + sum(len(part.file) for part in rendition.parts) <= MAX_KEPT_BYTES:
            with self._lock:
                self._kept[rendition_id] = rendition
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        return rendition
