"""SFTP: uploaded under another name, then renamed; the host's key is known beforehand."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import posixpath
import socket
import stat
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import paramiko
from paramiko.pkey import UnknownKeyType

from channels.website.copies.place import Place, total_s
from publisher.errors import ChannelError, CredentialsError, PermanentError, RetryableError

CONNECT_S, ANSWER_S = 15.0, 60.0
AWAY = "副本的服务器连不上：检查网络和地址"
REFUSED = "副本的服务器不认这个账号：检查用户名、密码或私钥"
NO_KEY = "读不出私钥：检查 private_key 的路径和权限，要用没有口令的专用密钥"
STRANGER = "副本服务器的主机密钥和设置的 host_key 或 known_hosts 不同：先与对方管理员核对，再改设置"
NO_SPACE = "副本的服务器写不进去：检查目录、权限和磁盘空间"


@dataclass(frozen=True, kw_only=True)
class Sftp(Place):
    """One folder of one account."""

    host: str
    port: int
    user: str
    root: str
    host_key: str = ""  # "SHA256:…", as ssh-keygen -lf prints it; or known_hosts
    known_hosts: Path | None = None
    password: str = field(default="", repr=False)  # or private_key
    private_key: Path | None = None

    def write(self, name: str, content: bytes) -> None:
        path = posixpath.join(self.root, name)
        unfinished = posixpath.join(posixpath.dirname(path), f".{posixpath.basename(path)}.part")
        with self._sorted(name, size=len(content)):
            self._make_folder(posixpath.dirname(path))
            with self._sftp.open(unfinished, "wb") as file:
                file.set_pipelined(True)
                file.write(content)
            # paramiko is silent on what a server says when a file is closed
            if self._sftp.stat(unfinished).st_size != len(content):
                raise RetryableError(f"{name}: it was not taken whole", advice=NO_SPACE)
            self._rename(unfinished, path)

    def _rename(self, source: str, target: str) -> None:
        try:
            self._sftp.posix_rename(source, target)
        except OSError as error:
            is_refusal = type(error) is OSError or isinstance(error, PermissionError)
            if not is_refusal or self._is_folder(target):
                raise
            self._rename_aside(source, target)

    def _is_folder(self, path: str) -> bool:
        try:
            return stat.S_ISDIR(self._sftp.stat(path).st_mode or 0)
        except FileNotFoundError:
            return False

    def _rename_aside(self, source: str, target: str) -> None:
        """Replace a file at a server without the extension: for a moment there is none."""
        aside = f"{source}.before"
        with contextlib.suppress(FileNotFoundError):
            self._sftp.remove(aside)
        try:
            self._sftp.rename(target, aside)
        except FileNotFoundError:
            self._sftp.rename(source, target)
            return
        try:
            self._sftp.rename(source, target)
        except OSError:
            self._sftp.rename(aside, target)
            raise
        self._sftp.remove(aside)

    def _make_folder(self, path: str) -> None:
        if path in self._known or not path:
            return
        try:
            self._sftp.stat(path)
        except FileNotFoundError:
            self._make_folder(posixpath.dirname(path))
            try:
                self._sftp.mkdir(path)
            except OSError:
                self._sftp.stat(path)  # somebody was as quick
        self._known.add(path)

    def remove(self, name: str) -> None:
        with self._sorted(name), contextlib.suppress(FileNotFoundError):
            self._sftp.remove(posixpath.join(self.root, name))

    def read(self, name: str) -> bytes | None:
        path = posixpath.join(self.root, name)
        with self._sorted(name):
            try:
                size = self._sftp.stat(path).st_size or 0
            except FileNotFoundError:
                return None
        with self._sorted(name, size=size), self._sftp.open(path, "rb") as file:
            file.prefetch(size)
            content: bytes = file.read()
            return content

    def names(self, folder: str) -> list[str]:
        found: list[str] = []
        folders = [folder]
        while folders:
            inner = folders.pop()
            with self._sorted(inner), contextlib.suppress(FileNotFoundError):
                for each in self._sftp.listdir_attr(posixpath.join(self.root, inner)):
                    is_folder = stat.S_ISDIR(each.st_mode or 0)
                    (folders if is_folder else found).append(f"{inner}/{each.filename}")
        return found

    def close(self) -> None:
        if "_transport" in self.__dict__:
            self._transport.close()

    @contextlib.contextmanager
    def _sorted(self, name: str, *, size: int = 0) -> Iterator[None]:
        """Sort what goes wrong, and hang up on a server that does not come to an end."""
        transport = self._transport
        limit = threading.Timer(total_s(size), transport.close)
        limit.daemon = True
        limit.start()
        try:
            yield
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise _meaning(error, name) from error
        finally:
            limit.cancel()

    @cached_property
    def _known(self) -> set[str]:
        return set()

    @cached_property
    def _sftp(self) -> paramiko.SFTPClient:
        client = paramiko.SFTPClient.from_transport(self._transport)
        if client is None:
            raise PermanentError("the server has no SFTP", advice=REFUSED)
        channel = client.get_channel()
        if channel is not None:
            channel.settimeout(ANSWER_S)
        return client

    @cached_property
    def _transport(self) -> paramiko.Transport:
        key = self._key()
        try:
            line = socket.create_connection((self.host, self.port), timeout=CONNECT_S)
        except OSError as error:
            raise RetryableError(f"{self.host}: {error}", advice=AWAY) from error
        transport = paramiko.Transport(line)
        transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = CONNECT_S
        try:
            self._sign_in(transport, key)
        except paramiko.AuthenticationException as error:
            raise CredentialsError(f"{self.host}: {type(error).__name__}", advice=REFUSED) from None
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise RetryableError(f"{self.host}: {error}", advice=AWAY) from error
        finally:
            if not transport.is_authenticated():
                transport.close()
                line.close()  # one that was never active keeps it open
        return transport

    def _sign_in(self, transport: paramiko.Transport, key: paramiko.PKey | None) -> None:
        self._prefer_known(transport)
        transport.start_client(timeout=CONNECT_S)
        self._require_known(transport.get_remote_server_key())
        if key is not None:
            transport.auth_publickey(self.user, key)
        else:
            transport.auth_password(self.user, self.password)

    def _key(self) -> paramiko.PKey | None:
        if self.private_key is None:
            return None
        try:
            return paramiko.PKey.from_path(self.private_key)
        except (OSError, ValueError, TypeError, paramiko.SSHException, UnknownKeyType) as error:
            message = f"{self.private_key}: {type(error).__name__}"
            raise CredentialsError(message, advice=NO_KEY) from None

    def _require_known(self, key: paramiko.PKey) -> None:
        """Stop before a password goes to a host that is not the one we know."""
        digest = hashlib.sha256(key.asbytes()).digest()
        seen = "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
        if self.known_hosts is None:
            is_known = seen == self.host_key
        else:
            known = self._keys_of_host.get(key.get_name())
            is_known = known is not None and known.asbytes() == key.asbytes()
        if not is_known:
            raise CredentialsError(f"the host's key is {key.get_name()} {seen}", advice=STRANGER)

    def _prefer_known(self, transport: paramiko.Transport) -> None:
        """Ask for a key of a kind that stands in known_hosts; a host has several."""
        options = transport.get_security_options()
        known = [kind for kind in options.key_types if kind in self._keys_of_host]
        options.key_types = (*known, *(kind for kind in options.key_types if kind not in known))

    @cached_property
    def _keys_of_host(self) -> dict[str, paramiko.PKey]:
        if self.known_hosts is None:
            return {}
        name = self.host if self.port == 22 else f"[{self.host}]:{self.port}"
        try:
            return dict(paramiko.HostKeys(str(self.known_hosts)).lookup(name) or {})
        except (OSError, paramiko.SSHException) as error:
            raise CredentialsError(f"known_hosts: {error}", advice=STRANGER) from error


def _meaning(error: Exception, name: str) -> ChannelError:
    is_full = isinstance(error, PermissionError) or type(error) is OSError
    message = f"{name}: {type(error).__name__} {error}"
    return RetryableError(message, advice=NO_SPACE if is_full else AWAY)
