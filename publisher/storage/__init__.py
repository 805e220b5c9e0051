"""Where it is kept: the database, the reads by name, and the files named by their digest."""

from __future__ import annotations
