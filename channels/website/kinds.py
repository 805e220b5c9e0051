"""The kinds of files that stand on the site."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

OFFICE = "application/vnd.openxmlformats-officedocument."


@dataclass(frozen=True)
class Kind:
    """One kind of file."""

    suffix: str
    media_type: str
    words: str  # for readers

    @property
    def is_picture(self) -> bool:
        """Whether a browser may show it in place; all else that authors give is a download."""
        return self.media_type.startswith("image/")


OTHER = Kind(".bin", "application/octet-stream", "文件")  # a name that no web server runs or shows
KINDS = {
    kind.suffix: kind
    for kind in (
        Kind(".html", "text/html; charset=utf-8", "网页"),
        Kind(".css", "text/css; charset=utf-8", "样式"),
        Kind(".js", "text/javascript; charset=utf-8", "脚本"),
        Kind(".json", "application/json; charset=utf-8", "JSON"),
        Kind(".xml", "application/xml; charset=utf-8", "XML"),
        Kind(".txt", "text/plain; charset=utf-8", "文本文件"),
        Kind(".svg", "image/svg+xml", "图形"),
        Kind(".png", "image/png", "PNG 图片"),
        Kind(".jpg", "image/jpeg", "JPEG 图片"),
        Kind(".jpeg", "image/jpeg", "JPEG 图片"),
        Kind(".gif", "image/gif", "GIF 图片"),
        Kind(".webp", "image/webp", "WebP 图片"),
        Kind(".pdf", "application/pdf", "PDF 文件"),
        Kind(".ofd", "application/ofd", "OFD 文件"),
        Kind(".doc", "application/msword", "Word 文档"),
        Kind(".docx", OFFICE + "wordprocessingml.document", "Word 文档"),
        Kind(".xls", "application/vnd.ms-excel", "Excel 表格"),
        Kind(".xlsx", OFFICE + "spreadsheetml.sheet", "Excel 表格"),
        Kind(".ppt", "application/vnd.ms-powerpoint", "演示文稿"),
        Kind(".pptx", OFFICE + "presentationml.presentation", "演示文稿"),
        Kind(".wps", "application/octet-stream", "WPS 文字"),
        Kind(".et", "application/octet-stream", "WPS 表格"),
        Kind(".csv", "application/octet-stream", "CSV 表格"),
        Kind(".zip", "application/zip", "压缩包"),
        Kind(".rar", "application/octet-stream", "压缩包"),
        Kind(".mp3", "audio/mpeg", "音频"),
        Kind(".mp4", "video/mp4", "视频"),
    )
}
ACTIVE = {".html", ".css", ".js", ".json", ".xml", ".svg"}  # could act as a part of the site


def kind_of(name: str) -> Kind:
    """Return the kind of a reader's or author's file; what could act as a page is OTHER."""
    suffix = PurePath(name).suffix.lower()
    return OTHER if suffix in ACTIVE else KINDS.get(suffix, OTHER)


def kind_of_page(name: str) -> Kind:
    """Return the kind of a file that the site itself wrote."""
    return KINDS.get(PurePath(name).suffix.lower(), OTHER)
