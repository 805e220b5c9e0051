"""One more notice on a site of 1,000, 10,000 and 100,000, and all pages written anew.

`python -m tests.bench.website [COUNT …] [--peers-up-to N]`. Beside it, with the very same notices:
Hugo (Debian package `hugo`) and Pelican (of the dependency group `bench`), each with the plainest
template that names the same things; ours writes the real pages. What is not installed is left out
with a sentence. Both peers write everything for one more notice, as their makers say they do.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path

from channels.website import Website
from channels.website.columns import OFFICIAL
from channels.website.notice import Notice, with_addresses
from channels.website.tree import Tree
from publisher.channel import Content
from tests.bench.measure import machine, say, show

YEARS = 10
MORE = 20  # notices that are published one by one
PARAGRAPHS = 6
COUNTS = (1_000, 10_000, 100_000)
WORDS = "根据上级有关文件精神，结合学校实际，现将有关事项公示如下，请师生员工监督并提出意见。"
FIRST_DAY = datetime(2017, 1, 2, 1, 0, tzinfo=UTC)


def content(serial: int, count: int) -> Content:
    """Return one notice; the archive spreads over ten years and all columns."""
    moment = FIRST_DAY + timedelta(days=365 * YEARS) * (serial / count)
    column = list(OFFICIAL)[serial % len(OFFICIAL)]
    category = "" if column == "00" else f"{column}01"
    return Content(
        title=f"关于第{serial}号事项的公示（{WORDS[serial % 20 : serial % 20 + 12]}）",
        body="".join(f"<p>{n}、{WORDS * 2}</p>" for n in range(PARAGRAPHS)),
        summary=WORDS,
        category=category,
        department="党政办公室",
        document_number=f"泉工程院办〔{moment.year}〕{serial}号",
        index_number=f"13771-{category or '9900'}-{moment.year}-{serial:06}",
        issued_on=moment.date(),
        publish_at=moment,
    )


@dataclass(frozen=True)
class Ours:
    """Our own site with so many notices."""

    folder: Path
    count: int

    @property
    def website(self) -> Website:
        return Website(base_url="https://xxgk.example.edu.cn", folder=self.folder)

    def fill(self) -> None:
        """Write the archive as it would stand there: pages alone, the lists follow from them."""
        made = self.folder / "trees" / "archive"
        tree, site = Tree(made, is_lasting=False), self.website._site
        made.mkdir(parents=True)
        (self.folder / "public").symlink_to(Path("trees") / "archive")
        code = ""
        for serial in range(self.count):
            notice = _notice(self.website, content(serial, self.count))
            url = site.pages.imprint.url(notice.index_number)
            page = site.pages.notice(replace(notice, code=code, code_url=url))
            code = code or (Notice.read(page) or notice).code  # of the same size for all
            tree.write(tree.page(notice.index_number), page)

    def learn(self) -> float:
        """Make the catalogue and all lists from the pages; return the seconds."""
        return _seconds(lambda: self.website._site.refresh())

    def rebuild(self) -> float:
        """Write everything anew in another look; return the seconds."""
        changed = replace(self.website, contact="党政办公室 0595-1")
        return _seconds(lambda: changed._site.refresh())

    def publish(self) -> list[float]:
        """Publish some more, one by one; return the seconds of each."""
        website = replace(self.website, contact="党政办公室 0595-1")
        took = []
        for serial in range(self.count, self.count + MORE):
            rendition = website.render(content(serial, self.count))
            deliver = partial(website.deliver, rendition, key=f"delivery-{serial}")
            took.append(_seconds(deliver))
        return took


def _notice(website: Website, given: Content) -> Notice:
    rendition = website.render(given)
    moment = (given.publish_at or FIRST_DAY).isoformat(timespec="seconds")
    article = with_addresses(
        rendition.body, given.index_number, (), published_at=given.publish_at or FIRST_DAY
    )
    return Notice(
        key=f"delivery-{given.index_number}",
        digest=sha256(rendition.body).hexdigest(),
        facts={**rendition.facts, "published_at": moment, "updated_at": moment},
        article=article,
    )


LISTED = '<a href="{{ .RelPermalink }}">{{ .Title }}</a> {{ .Date.Format "2006-01-02" }}<br>'
HUGO = {
    "hugo.toml": 'baseURL = "https://xxgk.example.edu.cn/"\nlanguageCode = "zh-CN"\n'
    'title = "信息公开网"\npaginate = 20\ndisableKinds = ["taxonomy", "term"]\n'
    "[markup.goldmark.renderer]\nunsafe = true\n",
    "layouts/_default/single.html": "<!doctype html><html lang=zh-CN><title>{{ .Title }}</title>"
    "<h1>{{ .Title }}</h1><p>{{ .Params.number }} {{ .Params.department }}</p>{{ .Content }}",
    "layouts/_default/list.html": "<!doctype html><html lang=zh-CN><title>{{ .Title }}</title>"
    "{{ range .Paginator.Pages }}" + LISTED + "{{ end }}",
    "layouts/index.html": "<!doctype html><html lang=zh-CN><title>{{ .Title }}</title>"
    "{{ range first 10 .Site.RegularPages }}" + LISTED + "{{ end }}",
}


def hugo(folder: Path, count: int) -> tuple[float, float]:
    """Return the seconds of a first build and of one more notice."""
    for name, text in HUGO.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for serial in range(count):
        _write_markdown(folder / "content", content(serial, count), fence="---")
    build = ["hugo", "--quiet", "--source", str(folder)]
    first = _seconds(lambda: subprocess.run(build, check=True))
    _write_markdown(folder / "content", content(count, count), fence="---")
    return first, _seconds(lambda: subprocess.run(build, check=True))


PELICAN = (
    'SITENAME = "信息公开网"\nSITEURL = "https://xxgk.example.edu.cn"\nTIMEZONE = "Asia/Shanghai"\n'
    'DEFAULT_LANG = "zh"\nTHEME = "simple"\nDEFAULT_PAGINATION = 20\nCACHE_CONTENT = True\n'
    "LOAD_CONTENT_CACHE = True\nAUTHOR_SAVE_AS = TAG_SAVE_AS = ''\n"
)


def pelican(folder: Path, count: int) -> tuple[float, float]:
    """Return the seconds of a first build and of one more notice, with its cache."""
    folder.mkdir(parents=True)
    (folder / "pelicanconf.py").write_text(PELICAN, encoding="utf-8")
    for serial in range(count):
        _write_markdown(folder / "content", content(serial, count), fence="")
    build = [sys.executable, "-m", "pelican", "content", "-o", "output", "-q"]
    first = _seconds(lambda: subprocess.run(build, check=True, cwd=folder))
    _write_markdown(folder / "content", content(count, count), fence="")
    return first, _seconds(lambda: subprocess.run(build, check=True, cwd=folder))


def _write_markdown(folder: Path, given: Content, *, fence: str) -> None:
    moment = given.publish_at or FIRST_DAY
    section = given.category[:2] or "00"
    facts = {
        "title": given.title,
        "date": moment.isoformat(timespec="seconds"),
        "number": given.document_number,
        "department": given.department,
    }
    if not fence:
        facts |= {"category": section, "slug": given.index_number}
    lines = [f"{name}: {value}" for name, value in facts.items()]
    head = [fence, *lines, fence] if fence else lines
    path = folder / section / f"{given.index_number}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*head, "", given.body, ""]), encoding="utf-8")


def _seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def peers() -> Iterator[tuple[str, Callable[[Path, int], tuple[float, float]]]]:
    """Go through the peers that are here; say of the others how to get them."""
    if shutil.which("hugo"):
        yield "Hugo", hugo
    else:
        show("Hugo is not here: apt-get install hugo")
    if importlib.util.find_spec("pelican"):
        yield "Pelican", pelican
    else:
        show("Pelican is not here: pip install --group bench")


def main() -> None:
    """Measure each size and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("counts", nargs="*", type=int, default=COUNTS)
    parser.add_argument("--pelican-up-to", type=int, default=10_000, metavar="N")
    given = parser.parse_args()
    show(machine())
    for count in given.counts:
        with tempfile.TemporaryDirectory() as folder:
            _measure(Path(folder), count, pelican_up_to=given.pelican_up_to)


def _measure(folder: Path, count: int, *, pelican_up_to: int) -> None:
    ours = Ours(folder / "ours", count)
    ours.fill()
    say(f"{count:,} notices are there")
    learnt, rebuilt, each = ours.learn(), ours.rebuild(), ours.publish()
    median = statistics.median(each)
    show(
        f"{count:,} notices, ours: one more {median * 1000:.1f} ms (to {max(each) * 1000:.1f}),"
        f" all anew {rebuilt:.1f} s, learnt from the pages alone {learnt:.1f} s"
    )
    shutil.rmtree(ours.folder)
    for name, build in peers():
        if name == "Pelican" and count > pelican_up_to:
            show(f"Pelican is left out above {pelican_up_to:,}; see --pelican-up-to")
            continue
        first, again = build(folder / name, count)
        show(
            f"{count:,} notices, {name}: all {first:.1f} s, one more {again:.1f} s;"
            f" ÷ ours: one more {again / median:,.0f}, all anew {first / rebuilt:.2f}"
        )
        shutil.rmtree(folder / name)


if __name__ == "__main__":
    main()
