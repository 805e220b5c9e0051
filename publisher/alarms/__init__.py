"""What people have to be told: what is wrong now, since when, and the mail that says so."""

from __future__ import annotations
