"""What a person makes visible by hand: to whom it was handed, and what they do, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from publisher.channel import Assists, Channel, Rendition, Splits
from publisher.errors import PublisherError
from publisher.model.delivery import Delivery
from publisher.model.people import Person
from publisher.model.states import DeliveryState as S
from publisher.storage import renditions
from publisher.storage.media import MediaStore
from publisher.workflow import rules


@dataclass(frozen=True, kw_only=True)
class Handover:
    """One delivery in the hands of a person."""

    assignee: str  # empty: whoever is at the desk
    steps: tuple[str, ...]
    rendition: Rendition


def of(
    delivery: Delivery, *, channels: Mapping[str, Channel], media: MediaStore
) -> Handover | None:
    """Return what a person is to do with a delivery; None where nobody is needed."""
    channel = _assisting(delivery, channels)
    if channel is None or delivery.state != S.ACCEPTED:
        return None
    try:
        rendition = renditions.thaw(delivery.rendition, media)
    except PublisherError:
        return None  # the files are damaged: a person settles it as any other
    steps = channel.steps(rendition)
    if not steps:
        return None
    return Handover(assignee=channel.assignee(), steps=steps, rendition=rendition)


def assignee(delivery: Delivery, channels: Mapping[str, Channel]) -> str:
    """Return the name of the person who has a delivery in hand; empty: nobody by name."""
    channel = _assisting(delivery, channels)
    return channel.assignee() if channel and delivery.state == S.ACCEPTED else ""


def may_settle(person: Person, delivery: Delivery, channels: Mapping[str, Channel]) -> str | None:
    """Say why this person may not say what became of a delivery; who has it in hand may."""
    if person.is_active and assignee(delivery, channels) == person.name:
        return None
    return rules.may(person, "settle")


def _assisting(delivery: Delivery, channels: Mapping[str, Channel]) -> Assists | None:
    channel = channels.get(delivery.target)
    if isinstance(channel, Splits) and delivery.part:
        channel = channel.part(delivery.part) if delivery.part in channel.parts() else None
    return channel if isinstance(channel, Assists) else None
