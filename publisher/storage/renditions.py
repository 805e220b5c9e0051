"""Renditions in the records: frozen into the media store and given back byte for byte."""

from __future__ import annotations

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
