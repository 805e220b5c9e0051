"""What machines read: JSON Feed, sitemaps, the index for searching titles, and linked data.

JSON Feed 1.1 (jsonfeed.org), sitemaps.org/protocol.html, schema.org/Article.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from urllib.parse import quote
from xml.sax.saxutils import escape

from channels.website.catalogue import Entry, Line
from channels.website.imprint import Imprint
from channels.website.notice import Notice

NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def for_xml(text: str) -> str:
    """Return the text without the characters that XML 1.0 has no place for."""
    return NOT_IN_XML.sub("", text)


def json_feed(newest: Sequence[Entry], imprint: Imprint) -> bytes:
    """Return the JSON Feed; an item keeps its id through all corrections."""
    items = [
        {
            "id": imprint.url(entry.index_number),
            "url": imprint.url(entry.index_number),
            "title": entry.title,
            "content_text": entry.summary or entry.title,
            "date_published": entry.published_at.isoformat(),
            "date_modified": entry.updated_at.isoformat(),
            "authors": [{"name": entry.department}],
            "tags": [imprint.columns.names.get(entry.column, "")],
        }
        for entry in newest
    ]
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": imprint.site_name,
        "home_page_url": f"{imprint.base_url}/",
        "feed_url": f"{imprint.base_url}/feed.json",
        "language": "zh-CN",
        "items": items,
    }
    return json.dumps(feed, ensure_ascii=False, indent=1).encode()


def sitemap(lines: Sequence[Line], imprint: Imprint) -> bytes:
    """Return the sitemap of one month."""
    base = escape(imprint.base_url)
    urls = [
        f"<url><loc>{base}/{quote(line.path)}</loc><lastmod>{line.updated_at}</lastmod></url>"
        for line in lines
    ]
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    frame = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    return "\n".join([head + frame, *urls, "</urlset>\n"]).encode()


def titles(lines: Sequence[Line]) -> bytes:
    """Return the titles of one month for static/search.js: [path, title, day, department] each."""
    rows = [(line.path, line.title, line.day, line.department) for line in lines]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()


def linked_data(notice: Notice, imprint: Imprint) -> str:
    """Return the schema.org Article as JSON that is safe inside a script element."""
    if notice.is_withdrawn:
        return ""
    facts, url = notice.facts, imprint.url(notice.index_number)
    publisher = {
        "@type": "CollegeOrUniversity",
        "name": imprint.college_name,
        "url": f"{imprint.base_url}/",
    }
    said = {
        "@context": "https://schema.org",
        "@type": "Article",
        "@id": url,
        "mainEntityOfPage": url,
        "url": url,
        "identifier": notice.index_number,
        "headline": facts.get("title", ""),
        "description": facts.get("summary", ""),
        "articleSection": imprint.columns.names.get(notice.column, ""),
        "inLanguage": "zh-CN",
        "isAccessibleForFree": True,
        "datePublished": notice.moment("published_at").isoformat(),
        "dateModified": notice.moment("updated_at").isoformat(),
        "author": {"@type": "Organization", "name": facts.get("department", "")},
        "publisher": publisher,
    }
    if facts.get("expires_at"):
        said["expires"] = notice.moment("expires_at").isoformat()
    text = json.dumps(said, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
