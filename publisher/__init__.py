"""一稿: one approved notice on many channels. The core; it names no channel."""

from __future__ import annotations
