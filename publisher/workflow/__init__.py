"""What people do. A function takes the session first, then what it needs."""

from __future__ import annotations
