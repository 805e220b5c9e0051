"""What changed between two wordings, marked word by word as <ins> and <del>.

`compare(old, new)` takes two clean bodies (see publisher.documents.html) and gives the new one with
what is new in <ins> and what is gone in <del>, both always inside paragraphs, cells and entries of
lists, so that tables and headings stay what they are. `compare_words` does the same for one line,
a title say. What comes out is safe to show as it is, and not for `html.clean`, which knows neither
mark.

Chinese is compared by characters, a number or a Latin word as a whole; matches too short to read
between two changes count as changed. Only words, pictures and the addresses of links are compared:
what changed in form alone (bold, alignment, a heading's level) is shown as it is now, unmarked.
The time it takes is linear in the length for what people do to a notice: paragraphs are matched
first, then clauses, then characters, and only within what is left of the step before.
"""

from __future__ import annotations

from publisher.documents.compare.marked import Comparison, compare, compare_words

__all__ = ["Comparison", "compare", "compare_words"]
