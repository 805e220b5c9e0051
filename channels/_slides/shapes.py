"""The shapes of screens, in pixels: a slide is typeset for each that a target has."""

from __future__ import annotations

import re
from dataclasses import dataclass

from publisher.errors import ConfigError

STRIP = re.compile(r"strip-([1-9][0-9]{1,4})x([1-9][0-9]{1,3})")
LEAST_STRIP, MOST_STRIP = 4, 60  # width by height


@dataclass(frozen=True)
class Shape:
    """One shape; a strip shows a line at a time."""

    name: str
    width: int
    height: int

    @property
    def is_strip(self) -> bool:
        return self.name.startswith("strip")


LANDSCAPE = Shape("landscape", 1920, 1080)
PORTRAIT = Shape("portrait", 1080, 1920)


def shape_of(name: str) -> Shape:
    """Return "landscape", "portrait" or "strip-1920x160"; ConfigError for anything else."""
    if found := STRIP.fullmatch(name):
        width, height = int(found[1]), int(found[2])
        if height >= 16 and LEAST_STRIP <= width / height <= MOST_STRIP and width <= 8192:
            return Shape(name, width, height)
    for known in (LANDSCAPE, PORTRAIT):
        if name == known.name:
            return known
    message = f"没有形状 {name}：可用 landscape、portrait，或条屏 strip-1920x160（宽x高，像素）"
    raise ConfigError(message, key="shapes")
