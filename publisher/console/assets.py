"""Scripts of the editor: ours, and the library that comes from a pinned wheel, under one address.

The wheel is installed beside the environment's own packages, without what it depends on. Where
it is missing, pages are as they are without scripts. One digest over all files stands in the
address: our modules name each other by relative paths, and a browser keeps them for good.
"""

from __future__ import annotations

import gzip
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

FOLDER = Path(sys.prefix) / "share" / "web-assets"
OURS = Path(__file__).parent / "scripts"
HOW = "pip install --no-deps --require-hashes --target %s -r .ci/requirements-assets.lock"

router = APIRouter()


@dataclass(frozen=True, kw_only=True)
class Asset:
    """One file of a wheel."""

    wheel: str
    path: str  # in the wheel
    sha256: str


ASSETS = {
    # Tiptap and ProseMirror as one module (both MIT), in a wheel under BSD-3
    "tiptap.js": Asset(
        wheel="django-prose-editor==0.28.0",
        path="django_prose_editor/static/django_prose_editor/editor.js",
        sha256="dfe143953e7e504247031aeaecf34b9f0eb10d9f832c9569b4c948423d39d608",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """The files that are served, or what is wrong with them."""

    digest: str = ""
    files: Mapping[str, bytes]
    squeezed: Mapping[str, bytes]  # the same, by gzip
    fault: str = ""


def address(name: str) -> str:
    """Return where a file is served, "" where the library is not installed."""
    shelf = stocked()
    return "" if shelf.fault else f"/assets/{shelf.digest}/{name}"


def fault() -> str:
    """Return what is wrong with the installed files and what to do about it, "" if nothing."""
    return stocked().fault


@cache
def stocked() -> Shelf:
    """Return the files of this environment; a process reads them once."""
    return stock(FOLDER)


def stock(folder: Path) -> Shelf:
    """Read and check what is installed in folder; nothing is served unless all of it is right."""
    files = {path.name: path.read_bytes() for path in sorted(OURS.glob("*.js"))}
    for name, asset in ASSETS.items():
        path = folder / asset.path
        if not path.is_file():
            return _empty(f"没有安装 {asset.wheel}", folder)
        files[name] = path.read_bytes()
        if sha256(files[name]).hexdigest() != asset.sha256:
            return _empty(f"{path} 与 {asset.wheel} 的文件不同", folder)
    whole = sha256(b"".join(sha256(file).digest() for file in files.values())).hexdigest()
    squeezed = {name: gzip.compress(file, mtime=0) for name, file in files.items()}
    return Shelf(digest=whole[:12], files=files, squeezed=squeezed)


def _empty(what: str, folder: Path) -> Shelf:
    how = HOW % folder
    return Shelf(
        files={}, squeezed={}, fault=f"{what}，正文只能在普通的文本框里编辑。请运行：{how}"
    )


@router.get("/assets/{digest}/{name}")
def asset(digest: str, name: str, request: Request) -> Response:
    """Give one of the listed files, squeezed for those who can read it so."""
    shelf = stocked()
    if digest != shelf.digest or name not in shelf.files:
        raise HTTPException(404)
    headers = {"Vary": "Accept-Encoding"}
    file = shelf.files[name]
    if "gzip" in request.headers.get("accept-encoding", ""):
        file, headers["Content-Encoding"] = shelf.squeezed[name], "gzip"
    return Response(file, media_type="text/javascript", headers=headers)
