"""When and where: fan-out, times, numbers of times a day."""

from __future__ import annotations
