"""When a long row of deliveries of one account will have gone out. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from publisher.channel import Channel, Paces, Rests

MOST = 5000  # deliveries that are counted one by one; a longer row takes days anyway


def end(channel: Channel, waiting: int, *, start: datetime) -> datetime | None:
    """Return when the last of so many will go out; None where nothing holds them back.

    `start` is the first moment at which the account may be used. The gaps are the usual ones and
    the hours of rest are kept; what others will put in between is not known.
    """
    if not isinstance(channel, Paces) or not 0 < waiting <= MOST:
        return None
    gap, moment = timedelta(seconds=channel.usual_gap_s()), _awake(channel, start)
    for _ in range(waiting - 1):
        moment = _awake(channel, moment + gap)
    return moment


def _awake(channel: Channel, moment: datetime) -> datetime:
    return channel.rest_until(moment) if isinstance(channel, Rests) else moment
