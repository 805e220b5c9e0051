"""From a table of the settings to a place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict
from urllib.parse import unquote, urlsplit

from channels.website.copies.folder import Folder
from channels.website.copies.place import Place
from channels.website.copies.rsync import Rsync
from channels.website.copies.s3 import S3
from channels.website.copies.sftp import Sftp
from channels.website.copies.webdav import WebDav
from publisher.errors import ConfigError

FORMS = (
    "file:///srv/www、sftp://用户@主机/目录、rsync+ssh://用户@主机/目录、rsync://主机/模块、"
    "davs://主机/目录、s3+https://主机/桶/前缀"
)


class CopyTable(TypedDict, total=False):
    """One copy, as it stands in the settings; which keys it needs depends on the address."""

    address: str
    password: str
    private_key: str  # path of the file
    host_key: str  # "SHA256:…"
    known_hosts: str  # path of the file
    access_key: str
    secret_key: str
    region: str


def place_of(table: CopyTable) -> Place:
    """Return the place; ConfigError names what is wrong. Nothing is connected."""
    address = table.get("address", "")
    parts = urlsplit(address)
    makers = {
        "file": _folder,
        "sftp": _sftp,
        "rsync": _rsync_daemon,
        "rsync+ssh": _rsync,
        "dav": _webdav,
        "davs": _webdav,
        "s3+http": _s3,
        "s3+https": _s3,
    }
    if parts.scheme not in makers or (parts.scheme != "file" and not parts.hostname):
        raise ConfigError(f"address 写成其中一种：{FORMS}", key="copies")
    if parts.password:
        raise ConfigError('密码不写在网址里，请写成 password = "env:名称"', key="copies")
    return makers[parts.scheme](address, {key: str(value) for key, value in table.items()})


def _folder(address: str, table: Mapping[str, str]) -> Place:
    return Folder(Path(unquote(urlsplit(address).path)))


def _sftp(address: str, table: Mapping[str, str]) -> Place:
    parts = urlsplit(address)
    if not parts.username or not table.get("host_key", "").startswith("SHA256:"):
        message = "sftp 要写用户名和 host_key（ssh-keygen -lf 显示的 SHA256:…）"
        raise ConfigError(message, key="copies")
    if not table.get("password") and not table.get("private_key"):
        raise ConfigError("sftp 要有 password 或 private_key", key="copies")
    return Sftp(
        host=str(parts.hostname),
        port=parts.port or 22,
        user=unquote(parts.username),
        root=unquote(parts.path) or "/",
        host_key=table["host_key"],
        password=table.get("password", ""),
        private_key=_path(table, "private_key"),
    )


def _rsync(address: str, table: Mapping[str, str]) -> Place:
    parts = urlsplit(address)
    user = f"{unquote(parts.username)}@" if parts.username else ""
    return Rsync(
        target=f"{user}{parts.hostname}:{unquote(parts.path)}",
        port=parts.port or 22,
        private_key=_path(table, "private_key"),
        known_hosts=_path(table, "known_hosts"),
    )


def _rsync_daemon(address: str, table: Mapping[str, str]) -> Place:
    return Rsync(target=address, password=table.get("password", ""))


def _webdav(address: str, table: Mapping[str, str]) -> Place:
    parts = urlsplit(address)
    scheme = "https" if parts.scheme == "davs" else "http"
    port = f":{parts.port}" if parts.port else ""
    path = parts.path if parts.path.endswith("/") else f"{parts.path}/"
    return WebDav(
        url=f"{scheme}://{parts.hostname}{port}{path}",
        user=unquote(parts.username or ""),
        password=table.get("password", ""),
    )


def _s3(address: str, table: Mapping[str, str]) -> Place:
    parts = urlsplit(address)
    bucket, _, prefix = parts.path.strip("/").partition("/")
    if not bucket or not table.get("access_key") or not table.get("secret_key"):
        raise ConfigError("对象存储要写桶名、access_key 和 secret_key", key="copies")
    return S3(
        endpoint=parts.netloc,
        bucket=bucket,
        prefix=f"{prefix}/" if prefix else "",
        region=table.get("region", "us-east-1"),
        access_key=table["access_key"],
        secret_key=table["secret_key"],
        is_secure=parts.scheme == "s3+https",
    )


def _path(table: Mapping[str, str], key: str) -> Path | None:
    return Path(table[key]) if table.get(key) else None
