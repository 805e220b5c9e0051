"""How well and how fast the screening reads: `python -m tests.bench.screening`.

Precision and recall of what blocks, over the corpus; and a notice of a hundred pages, beside one
plain search for digits through the same words.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from publisher.screening import screen
from tests.bench.measure import show
from tests.publisher.screening.corpus import cases

PAGES = 100
PAGE = "<p>各学院、各部门：根据学校工作安排，现将有关事项通知如下，请认真组织落实。</p>" * 20
ROW = "<tr><td>1</td><td>王小明</td><td>数控2401</td><td>0595-28030369</td></tr>"


def main() -> None:
    hits = misses = alarms = 0
    for case in cases():
        blocked = {one.rule for one in screen({"body": case.body}) if one.action == "block"}
        hits += bool(case.rule) and case.rule in blocked
        misses += bool(case.rule) and case.rule not in blocked
        alarms += not case.rule and bool(blocked)
    show(f"recall     {hits / (hits + misses):.3f}  ({misses} of {hits + misses} missed)")
    show(f"precision  {hits / (hits + alarms):.3f}  ({alarms} clean texts blocked)")
    body = (PAGE + f"<table><tr><th>序号</th></tr>{ROW * 20}</table>") * PAGES
    ours = _seconds(lambda: screen({"body": body}))
    plain = _seconds(lambda: re.findall(r"\d{11,}", body))
    show(f"{PAGES} pages, {len(body):,} characters: {ours:.2f} s; ÷ one search {ours / plain:,.0f}")


def _seconds(act: Callable[[], object]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
