"""Word in, clean HTML out: files of an office become the content of a notice."""

from __future__ import annotations

from publisher.documents.attachments import as_attachment
from publisher.documents.html import clean, from_markdown, from_text, media_names, plain
from publisher.documents.pictures import as_upload
from publisher.documents.reading import Document, read

__all__ = [
    "Document",
    "as_attachment",
    "as_upload",
    "clean",
    "from_markdown",
    "from_text",
    "media_names",
    "plain",
    "read",
]
