"""How long a slide takes to typeset, warm, beside a blank page of the same size in the same run.

`python -m tests.bench.slides`. Each slide has words of its own, so that none is remembered.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import replace

import typst

from channels._slides import shapes, slide
from publisher.channel import Content
from tests.bench.measure import machine, show, table

COUNT = 20
NOTICE = Content(
    title="关于东校区部分区域临时停电停水的通知",
    body="<p>因检修，周六 9:00 至 11:00 停水，请提前储水。</p>" * 3,
    department="后勤管理处",
    link="https://xxgk.example.edu.cn/info/2026/13771-9900-2026-0001.html",
)
ROWS = "".join(f"<tr><td>{n}</td><td>陈小明</td><td>智能制造学院</td></tr>" for n in range(20))
HEAD = "<tr><th>序号</th><th>姓名</th><th>学院</th></tr>"
LIST = replace(NOTICE, body=f"<table>{HEAD}{ROWS}</table>")
COMPILER = typst.Compiler()


def blank(shape: shapes.Shape) -> float:
    """Return the milliseconds of an empty page."""
    source = f"#set page(width: {shape.width}pt, height: {shape.height}pt, fill: white)\n"
    began = time.perf_counter()
    COMPILER.compile(source.encode(), format="png", ppi=72.0)
    return (time.perf_counter() - began) * 1000


def typeset(content: Content, shape: shapes.Shape, number: int) -> tuple[float, int]:
    """Return the milliseconds of one slide, and how many pages it has."""
    own = replace(content, title=f"{content.title}（{number}）")
    began = time.perf_counter()
    made = slide.pages(own, college_name="示范学院", most_chars=150, shape=shape)
    return (time.perf_counter() - began) * 1000, len(made)


def main() -> None:
    """Print the medians and the ratios."""
    show(machine())
    rows = []
    for name, content in (("landscape", NOTICE), ("portrait", NOTICE), ("strip-1920x120", NOTICE),
                          ("landscape", LIST), ("portrait", LIST)):  # fmt: skip
        shape = shapes.shape_of(name)
        typeset(content, shape, -1)
        took = [typeset(content, shape, number) for number in range(COUNT)]
        base = statistics.median(blank(shape) for _ in range(COUNT))
        each = statistics.median(ms / count for ms, count in took)
        kind = "list" if content is LIST else "notice"
        rows.append((f"{kind}, {name}", took[0][1], f"{each:.0f} ms", f"{each / base:.1f}"))
    show(table(("slide", "pages", "each page", "÷ a blank page"), rows))


if __name__ == "__main__":
    main()
