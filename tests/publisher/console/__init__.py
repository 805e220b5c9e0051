"""The pages that people see."""

from __future__ import annotations
