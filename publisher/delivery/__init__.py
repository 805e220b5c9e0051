"""What time does: send, look, take down. It meets the workflow only in the table delivery."""

from __future__ import annotations
