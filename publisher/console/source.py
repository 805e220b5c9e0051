"""The words of a notice as an author types them, and the clean HTML that they become.

A picture stands as [图1], [图2] … where it is to be shown: the number is its place in the form.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from publisher.documents import html
from publisher.workflow.compose import NamedFile

TO_HTML = {"text": html.from_text, "markdown": html.from_markdown, "html": html.clean}
_PLACE = re.compile(r"[\[［【]\s*图\s*(\d{1,3})\s*[\]］】]")
_PICTURE = re.compile(r'<img src="media:([^"]+)"[^>]*>')
_END_OF_BLOCK = re.compile(
    r"(</(?:p|h[234]|ul|ol|li|table|caption|thead|tbody|tfoot|tr|blockquote)>|<hr>"
    r"|<(?:ul|ol|table|thead|tbody|tfoot|tr|blockquote)(?: [^>]*)?>)"
)


def to_html(typed: str, *, form: str, images: Sequence[NamedFile]) -> str:
    """Return the clean HTML of what was typed as "text", "markdown" or "html".

    A picture that was given no place stands at the end; one that is not in `images` any more is
    shown nowhere.
    """
    tags = {image.name: _tag(image) for image in images}
    by_number = dict(enumerate(tags.values(), start=1))
    body = TO_HTML[form](typed)
    body = _PICTURE.sub(lambda found: tags.get(found[1], ""), body)
    body = _PLACE.sub(lambda found: by_number.get(int(found[1]), found[0]), body)
    shown = set(html.media_names(body))
    left = [f"<p>{tag}</p>" for name, tag in tags.items() if name not in shown]
    return html.clean(body + "".join(left))


def _tag(image: NamedFile) -> str:
    return f'<img src="media:{image.name}" alt="{escape(image.alt)}">'


def as_typed(body: str, *, images: Sequence[NamedFile]) -> tuple[str, str]:
    """Return a body as it can be edited, and in which form: as text if nothing gets lost so."""
    numbers = {image.name: number for number, image in enumerate(images, start=1)}

    def placed(found: re.Match[str]) -> str:
        return f"[图{numbers[found[1]]}]" if found[1] in numbers else found[0]

    source = _PICTURE.sub(placed, body)
    words = html.plain(source)
    if html.from_text(words) == source:
        return words, "text"
    return _END_OF_BLOCK.sub(r"\1" + "\n", source).strip(), "html"
