"""The one small file at a place that says whose copy stands there, and by which journal."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from hashlib import sha256

from channels.website.copies.journal import Journal, Signed
from channels.website.copies.place import Place
from publisher.errors import PermanentError

NAME = "copy-manifest.json"
FRONT = "index.html"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What is written there, as JSON."""

    site: str  # base_url
    sequence: int  # how many times something was sent
    files: int
    mark: str  # new each time, known to the journal that wrote it

    @classmethod
    def read(cls, place: Place) -> Manifest | None:
        """Return what stands there; None: nothing. One that cannot be read is a stranger's."""
        found = place.read(NAME)
        if found is None:
            return None
        try:
            said = json.loads(found)
            return cls(
                site=str(said["site"]),
                sequence=int(said.get("sequence", 0)),
                files=int(said.get("files", 0)),
                mark=str(said.get("mark", "")),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls(site="?", sequence=0, files=0, mark="")


def is_known(found: Manifest, journal: Journal) -> bool:
    """Whether this journal wrote it last, so that both agree on what is there."""
    signed = journal.signed()
    return signed is not None and found.mark in (signed.mark, signed.intended)


def require_ours(found: Manifest, site: str) -> None:
    """Stop where the copy of another site stands."""
    if found.site != site:
        raise PermanentError(
            f"the place holds {found.site}",
            advice=f"副本的位置上已经是另一个网站（{found.site}）：换一个目录，或先清空它",
        )


def require_free(place: Place, journal: Journal, front: bytes | None) -> None:
    """Stop where a front page stands that never came from here, `front` being ours by now."""
    found = place.read(FRONT)
    if found is None or found == front:
        return
    if sha256(found).hexdigest() != journal.digest(FRONT):
        raise PermanentError(
            f"the place holds {FRONT} of somebody else and no {NAME}",
            advice="副本的位置上已经有别的网页，为免覆盖没有动它：换一个空目录，或先清空它",
        )


def sign(place: Place, journal: Journal, site: str, *, is_claim: bool = False) -> None:
    """Leave word at the place; a claim comes before the first file and counts as no sending.

    The journal learns the new mark first, so that a lost answer makes it no stranger.
    """
    signed = journal.signed() or Signed(sequence=0, mark="", intended="")
    sequence = signed.sequence + (0 if is_claim else 1)
    mark = uuid.uuid4().hex
    journal.sign(Signed(sequence=signed.sequence, mark=signed.mark or mark, intended=mark))
    said = {"site": site, "sequence": sequence, "files": journal.files(), "mark": mark}
    place.write(NAME, json.dumps(said, ensure_ascii=False).encode())
    journal.sign(Signed(sequence=sequence, mark=mark, intended=mark))
