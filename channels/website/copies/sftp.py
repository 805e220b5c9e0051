"""SFTP: uploaded under another name, then renamed; the host's key is known beforehand."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import posixpath
import socket
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import paramiko

from channels.website.copies.place import Place
from publisher.errors import CredentialsError, PermanentError, RetryableError

CONNECT_S, ANSWER_S = 15.0, 60.0
AWAY = "副本的服务器连不上：检查网络和地址"
REFUSED = "副本的服务器不认这个账号：检查用户名、密码或私钥"
STRANGER = "副本服务器的主机指纹和设置的 host_key 不同：先与对方管理员核对，再改设置"
NO_SPACE = "副本的服务器写不进去：检查目录、权限和磁盘空间"


@dataclass(frozen=True, kw_only=True)
class Sftp(Place):
    """One folder of one account."""

    host: str
    port: int
    user: str
    root: str
    host_key: str  # "SHA256:…", as ssh-keygen -lf prints it
    password: str = field(default="", repr=False)
    private_key: Path | None = None

    def write(self, name: str, content: bytes) -> None:
        path = posixpath.join(self.root, name)
        unfinished = posixpath.join(posixpath.dirname(path), f".{posixpath.basename(path)}.part")
        try:
            self._make_folder(posixpath.dirname(path))
            with self._sftp.open(unfinished, "wb") as file:
                file.set_pipelined(True)
                file.write(content)
            self._rename(unfinished, path)
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise _sorted(error, name) from error

    def _rename(self, source: str, target: str) -> None:
        try:
            self._sftp.posix_rename(source, target)
        except OSError:  # a server without the extension: for a moment there is no file
            with contextlib.suppress(FileNotFoundError):
                self._sftp.remove(target)
            self._sftp.rename(source, target)

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
        try:
            self._sftp.remove(posixpath.join(self.root, name))
        except FileNotFoundError:
            return
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise _sorted(error, name) from error

    def read(self, name: str) -> bytes | None:
        try:
            with self._sftp.open(posixpath.join(self.root, name), "rb") as file:
                content: bytes = file.read()
                return content
        except FileNotFoundError:
            return None
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise _sorted(error, name) from error

    def close(self) -> None:
        if "_transport" in self.__dict__:
            self._transport.close()

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
        try:
            line = socket.create_connection((self.host, self.port), timeout=CONNECT_S)
        except OSError as error:
            raise RetryableError(f"{self.host}: {error}", advice=AWAY) from error
        transport = paramiko.Transport(line)
        transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = CONNECT_S
        try:
            transport.start_client(timeout=CONNECT_S)
            self._require_known(transport)
            if self.private_key is not None:
                key = paramiko.PKey.from_path(self.private_key)
                transport.auth_publickey(self.user, key)
            else:
                transport.auth_password(self.user, self.password)
        except (paramiko.AuthenticationException, ValueError) as error:
            transport.close()
            raise CredentialsError(f"{self.host}: {type(error).__name__}", advice=REFUSED) from None
        except (OSError, EOFError, paramiko.SSHException) as error:
            transport.close()
            raise RetryableError(f"{self.host}: {error}", advice=AWAY) from error
        except BaseException:
            transport.close()
            raise
        return transport

    def _require_known(self, transport: paramiko.Transport) -> None:
        digest = hashlib.sha256(transport.get_remote_server_key().asbytes()).digest()
        seen = "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
        if seen != self.host_key:
            raise CredentialsError(f"the host's key is {seen}", advice=STRANGER)


def _sorted(error: Exception, name: str) -> RetryableError:
    advice = NO_SPACE if isinstance(error, PermissionError) or type(error) is OSError else AWAY
    return RetryableError(f"{name}: {type(error).__name__} {error}", advice=advice)
