"""What things are and which moves are legal: no session, no network, no clock."""

from __future__ import annotations
