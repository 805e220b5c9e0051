"""The duties of disclosure: the official list and the numbers of the catalogue."""

from __future__ import annotations
