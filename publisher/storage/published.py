"""The reads about what readers can see."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, joinedload, selectinload

from publisher.model.delivery import Delivery, stands
from publisher.model.item import Edition, FrozenRendition
from publisher.model.states import DeliveryState as S

MAY_BE_SEEN = (S.SENDING, S.ACCEPTED, S.CONFIRMED, S.UNCONFIRMED, S.WITHDRAWING)


def editions(session: Session, *, after: int, limit: int) -> Sequence[Edition]:
    """Return editions that are out somewhere, or may be, by their ids from the one after."""
    is_out = exists().where(
        FrozenRendition.edition_id == Edition.id,
        Delivery.rendition_id == FrozenRendition.id,
        stands(*MAY_BE_SEEN),
    )
    query = select(Edition).where(Edition.id > after, is_out).order_by(Edition.id).limit(limit)
    return session.scalars(
        query.options(joinedload(Edition.item), selectinload(Edition.files))
    ).all()
