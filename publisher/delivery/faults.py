"""What an account has against it: faults are counted, and forgiven when it takes a delivery."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from publisher.channel import Channel, Paces
from publisher.delivery import breaker, gates
from publisher.delivery.outcomes import note
from publisher.errors import ChannelError, CredentialsError
from publisher.model.delivery import Delivery
from publisher.model.lane import Lane

_TROUBLED = (
    select(Lane)
    .where(Lane.name.in_(bindparam("names", expanding=True)))
    .where((Lane.faults > 0) | (Lane.breaker != "closed"))
    .order_by(Lane.name)
    .with_for_update()
)


def mend(session: Session, took: Mapping[str, tuple[Channel, datetime]]) -> None:
    """Close the breakers of accounts that have just taken a delivery: lane, by which, and when."""
    for record in session.scalars(_TROUBLED, {"names": sorted(took)}):
        before = gates.breaker_of(record)
        gates.keep_breaker(record, breaker.after_success(before))
        if before.state == breaker.State.HALF_OPEN:  # which had held all others back
            channel, at = took[record.name]
            gap_s = channel.gap_s() if isinstance(channel, Paces) else 0.0
            record.next_send_at = at + timedelta(seconds=gap_s)


def count(session: Session, row: Delivery, error: ChannelError, *, at: datetime) -> None:
    """Count it against the account, and say so once where that opens the breaker."""
    record = gates.lane_record(session, row.lane)
    before = gates.breaker_of(record)
    after = breaker.after_fault(before, error, at=at)
    gates.keep_breaker(record, after)
    if after.state == before.state:
        return
    record.next_send_at = None
    record.advice = error.advice or (
        "平台拒绝了我们的账号，请检查账号和密钥，之后恢复"
        if isinstance(error, CredentialsError)
        else "平台接连没有正常回答，已停发；检查正常后会自动继续"
    )
    if before.openings == 0:
        note(session, row, "breaker", text=record.advice, at=at)
