"""From a table of the settings to a place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from channels.website.copies.folder import Folder
from channels.website.copies.place import Place
from channels.website.copies.rsync import Rsync
from channels.website.copies.s3 import S3
from channels.website.copies.sftp import Sftp
from channels.website.copies.webdav import WebDav
from publisher.errors import ConfigError

# One copy, as it stands in the settings: `address`, and what SCHEMES names for its kind. No
# TypedDict: what checks the settings would drop a key that it does not know without a word.
CopyTable = dict[str, str]

FORMS = (
    "file:///srv/www、sftp://用户@主机/目录、rsync+ssh://用户@主机/目录、rsync://主机/模块、"
    "davs://主机/目录、s3+https://主机/桶/前缀"
)
FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")  # as ssh-keygen -lf prints it
HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")  # a name, or IPv6
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
SPACES, CONTROLS = re.compile(r"[\x00-\x20\x7f]"), re.compile(r"[\x00-\x1f\x7f]")
STYLES = ("path", "virtual")


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """One kind of address, and the keys that belong beside it."""

    make: Callable[[SplitResult, Mapping[str, str]], Place]
    needs: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset()


def place_of(table: Mapping[str, str]) -> Place:
    """Return the place; ConfigError names what is wrong. Nothing is connected."""
    for key, value in table.items():
        if not isinstance(value, str):
            raise _wrong(f"{key} 要写成文字，用引号括起来")
    parts = _parts(table.get("address", ""))
    scheme = SCHEMES[parts.scheme]
    given = {key: value for key, value in table.items() if value and key != "address"}
    for key in sorted(given.keys() - scheme.needs - scheme.takes):
        there_are = "、".join(sorted(scheme.needs | scheme.takes)) or "没有别的"
        raise _wrong(f"{parts.scheme}:// 的副本不用 {key}，可用的有：{there_are}")
    for key in sorted(scheme.needs - given.keys()):
        raise _wrong(f"{parts.scheme}:// 的副本还缺 {key}")
    return scheme.make(parts, given)


def _wrong(message: str) -> ConfigError:
    return ConfigError(message, key="copies")


def _parts(address: str) -> SplitResult:
    """Take an address apart; what would be dropped silently is refused."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise _wrong("address 里的主机或端口不对：端口是 1 到 65535 的数字") from None
    if parts.scheme not in SCHEMES:
        raise _wrong(f"address 写成其中一种：{FORMS}")
    if parts.password is not None:
        raise _wrong('密码不写在网址里，请写成 password = "env:名称"')
    _refuse_odd(address, parts)
    if parts.scheme == "file":
        if parts.netloc or not parts.path.startswith("/"):
            raise _wrong("本机目录要写三个斜杠：file:///srv/www")
    elif not parts.hostname or not HOST.fullmatch(parts.hostname):
        raise _wrong(f"address 里没有主机名，写成其中一种：{FORMS}")
    return parts


def _refuse_odd(address: str, parts: SplitResult) -> None:
    if "?" in address or "#" in address:
        raise _wrong("address 里不能有 ? 或 #，要用就写成 %3F、%23")
    if SPACES.search(address) or CONTROLS.search(unquote(parts.path)):
        raise _wrong("address 里不能有空格或换行，空格写成 %20")
    if ".." in unquote(parts.path).split("/"):
        raise _wrong("address 的目录里不能有 ..")
    if unquote(parts.username or "").startswith("-"):
        raise _wrong("address 里的用户名不能以 - 开头")


def _folder(parts: SplitResult, table: Mapping[str, str]) -> Place:
    path = Path(unquote(parts.path))
    if path == Path("/"):
        raise _wrong("副本要有自己的目录，不能是 /")
    return Folder(path)


def _sftp(parts: SplitResult, table: Mapping[str, str]) -> Place:
    if not parts.username:
        raise _wrong("sftp 要写用户名：sftp://用户@主机/目录")
    if ("host_key" in table) == ("known_hosts" in table):
        message = "sftp 要写 host_key（ssh-keygen -lf 显示的 SHA256:…）或 known_hosts，二者选一"
        raise _wrong(message)
    if ("password" in table) == ("private_key" in table):
        raise _wrong("sftp 要写 password 或 private_key，二者选一")
    host_key = table.get("host_key", "")
    if host_key and not FINGERPRINT.fullmatch(host_key):
        raise _wrong("host_key 是 SHA256: 加 43 个字符，照抄 ssh-keygen -lf 显示的")
    return Sftp(
        host=str(parts.hostname),
        port=parts.port or 22,
        user=unquote(parts.username),
        root=unquote(parts.path) or "/",
        host_key=host_key,
        known_hosts=_file(table, "known_hosts"),
        password=table.get("password", ""),
        private_key=_file(table, "private_key"),
    )


def _rsync(parts: SplitResult, table: Mapping[str, str]) -> Place:
    path = unquote(parts.path)
    if not path.strip("/"):
        raise _wrong("rsync+ssh 要写目录：rsync+ssh://用户@主机/目录")
    user = f"{unquote(parts.username)}@" if parts.username else ""
    return Rsync(
        target=f"{user}{_host(parts)}:{path}",
        port=parts.port or 22,
        private_key=_file(table, "private_key"),
        known_hosts=_file(table, "known_hosts"),
    )


def _rsync_daemon(parts: SplitResult, table: Mapping[str, str]) -> Place:
    if not parts.path.strip("/"):
        raise _wrong("rsync 要写模块名：rsync://用户@主机/模块")
    if "password" in table and not parts.username:
        raise _wrong("rsync 有 password 时要写用户名：rsync://用户@主机/模块")
    # rsync takes the path as it stands and knows no %20
    return Rsync(
        target=f"rsync://{parts.netloc}{unquote(parts.path)}", password=table.get("password", "")
    )


def _webdav(parts: SplitResult, table: Mapping[str, str]) -> Place:
    if bool(parts.username) != ("password" in table):
        raise _wrong("WebDAV 的用户名写在 address 里，密码写在 password 里，缺一不可")
    scheme = "https" if parts.scheme == "davs" else "http"
    port = f":{parts.port}" if parts.port else ""
    path = parts.path if parts.path.endswith("/") else f"{parts.path}/"
    return WebDav(
        url=f"{scheme}://{_host(parts)}{port}{path}",
        user=unquote(parts.username or ""),
        password=table.get("password", ""),
    )


def _s3(parts: SplitResult, table: Mapping[str, str]) -> Place:
    if parts.username:
        raise _wrong("对象存储的账号写成 access_key 和 secret_key，不写在 address 里")
    bucket, _, prefix = unquote(parts.path).strip("/").partition("/")
    if not BUCKET.fullmatch(bucket):
        raise _wrong("对象存储要写桶名，小写字母、数字、点和横线：s3+https://主机/桶/前缀")
    style = table.get("style", "path")
    if style not in STYLES:
        raise _wrong('style 写 "path"（主机/桶）或 "virtual"（桶.主机）')
    return S3(
        endpoint=parts.netloc,
        bucket=bucket,
        prefix=f"{prefix}/" if prefix else "",
        region=table.get("region", "us-east-1"),
        access_key=table["access_key"],
        secret_key=table["secret_key"],
        is_secure=parts.scheme == "s3+https",
        is_virtual=style == "virtual",
    )


def _host(parts: SplitResult) -> str:
    host = str(parts.hostname)
    return f"[{host}]" if ":" in host else host


def _file(table: Mapping[str, str], key: str) -> Path | None:
    """Return the path of a file that another program reads; it need not be there yet."""
    if key not in table:
        return None
    if "\n" in table[key] or not table[key].startswith("/"):
        raise _wrong(f"{key} 写文件的完整路径，以 / 开头，前面不写 file:")
    return Path(table[key])


SSH = frozenset({"private_key", "known_hosts"})
KEYS = frozenset({"access_key", "secret_key"})
SCHEMES: dict[str, Scheme] = {
    "file": Scheme(make=_folder),
    "sftp": Scheme(make=_sftp, takes=SSH | {"password", "host_key"}),
    "rsync+ssh": Scheme(make=_rsync, takes=SSH),
    "rsync": Scheme(make=_rsync_daemon, takes=frozenset({"password"})),
    "dav": Scheme(make=_webdav, takes=frozenset({"password"})),
    "davs": Scheme(make=_webdav, takes=frozenset({"password"})),
    "s3+http": Scheme(make=_s3, needs=KEYS, takes=frozenset({"region", "style"})),
    "s3+https": Scheme(make=_s3, needs=KEYS, takes=frozenset({"region", "style"})),
}
