"""One file that holds an installation, taken while it runs, and the way back from it."""

from __future__ import annotations
