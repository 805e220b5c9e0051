"""The colours of slides; whatever words stand on is at least 4.5:1 away from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace

from channels import _colour
from publisher.errors import ConfigError

WHITE = "#ffffff"


@dataclass(frozen=True, kw_only=True)
class Palette:
    """One look; the names are those of templates/*.typ."""

    band: str
    on_band: str
    tag: str
    on_tag: str
    ground: str
    title: str
    words: str
    quiet: str
    accent: str
    line: str

    def pairs(self) -> Iterator[tuple[str, str, str]]:
        """Go through what stands on what: a name for people, the words, their ground."""
        yield "校名和横幅", self.on_band, self.band
        yield "标签", self.on_tag, self.tag
        for name, colour in (("标题", self.title), ("正文", self.words), ("落款", self.quiet)):
            yield f"{name}和底色", colour, self.ground

    def as_data(self) -> Mapping[str, str]:
        """Return it for a template."""
        return asdict(self)


CALM = Palette(
    band="#123a5c", on_band=WHITE, tag="#f3c969", on_tag="#2b2008", ground="#f6f8fa",
    title="#0d2a45", words="#243443", quiet="#4a5b6a", accent="#c8922d", line="#cfd8e0",
)  # fmt: skip
URGENT = Palette(
    band="#a31621", on_band=WHITE, tag=WHITE, on_tag="#8a0f1a", ground="#fff7f5",
    title="#7f0d18", words="#33201f", quiet="#6b4744", accent="#d23b3b", line="#ecc9c4",
)  # fmt: skip


def of_campus(colour: str) -> Palette:
    """Return the calm look with the college's colour as band and title.

    ConfigError where it is no colour, or words on it cannot be read.
    """
    if not colour:
        return CALM
    if not _colour.COLOUR.fullmatch(colour):
        raise ConfigError("颜色写成 #123a5c 的样子", key="colour")
    made = replace(CALM, band=colour, title=colour)
    for name, words, ground in made.pairs():
        if (ratio := _colour.contrast(words, ground)) < _colour.LEAST:
            message = f"{name}的对比度只有 {ratio:.1f}:1，至少要 4.5:1，请换深一些的颜色"
            raise ConfigError(message, key="colour")
    return made
