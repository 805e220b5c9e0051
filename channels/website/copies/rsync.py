"""rsync, over ssh or to a daemon: many files in one call, each renamed into place at its end."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import ClassVar

from channels.website.copies.place import TOTAL_S, Place
from publisher.errors import ChannelError, CredentialsError, PermanentError, RetryableError

ANSWER_S = 60
PARTIAL = {23, 24}  # some files could not be transferred, or vanished here
AWAY = {10, 12, 30, 35}  # socket, protocol stream, timeouts: rsync(1), EXIT VALUES
REFUSED = "副本的服务器不认这个账号：检查用户名、密码文件或私钥"


@dataclass(frozen=True, kw_only=True)
class Rsync(Place):
    """One folder of an account (ssh), or one module of a daemon."""

    target: str  # "user@host:/srv/www" or "rsync://host/module/path"
    port: int = 22
    private_key: Path | None = None
    known_hosts: Path | None = None  # ssh accepts no other host
    password: str = field(default="", repr=False)  # of a daemon

    at_once: ClassVar[int] = 200

    def write(self, name: str, content: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            self.write_many([name], Path(folder))

    def write_many(self, names: Sequence[str], root: Path) -> None:
        self._run(["--files-from=-", "--relative", f"{root}/", self._folder], names)

    def remove(self, name: str) -> None:
        """Delete one name: its folder is made to agree with one that lacks it, all else aside.

        --delete-missing-args would say so directly, but patched receivers of 3.2.7 refuse it.
        """
        parents = [f"/{path}/" for path in reversed(PurePosixPath(name).parents) if path.name]
        kept = [f"--include={_literal(each)}" for each in (*parents, f"/{name}")]
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
            self._run(
                ["--recursive", "--delete", *kept, "--exclude=*", f"{folder}/", self._folder], []
            )

    def read(self, name: str) -> bytes | None:
        with tempfile.TemporaryDirectory() as folder:
            try:
                self._run([f"{self._folder}{name}", f"{folder}/"], [])
            except RetryableError as error:
                if "No such file" in str(error):
                    return None
                raise
            return (Path(folder) / Path(name).name).read_bytes()

    @property
    def _folder(self) -> str:
        return self.target if self.target.endswith("/") else f"{self.target}/"

    def _run(self, arguments: Sequence[str], names: Sequence[str]) -> None:
        command = [
            "rsync", "--times", "--checksum", "--delay-updates", "--protect-args",
            f"--timeout={ANSWER_S}",
        ]  # fmt: skip
        if not self.target.startswith("rsync://"):
            command += ["--rsh", " ".join(self._ssh())]
        try:
            done = subprocess.run(
                [*command, *arguments],
                input="".join(f"{name}\n" for name in names).encode(),
                capture_output=True,
                timeout=TOTAL_S,
                env=os.environ | {"RSYNC_PASSWORD": self.password, "LC_ALL": "C"},
                check=False,
            )
        except FileNotFoundError:
            message = "这台服务器上没有 rsync：请安装它（apt-get install rsync openssh-client）"
            raise PermanentError("no rsync", advice=message) from None
        except subprocess.TimeoutExpired as error:
            raise RetryableError("rsync does not end", after_s=60) from error
        if done.returncode:
            raise _sorted(done.returncode, done.stderr.decode("utf-8", "replace"))

    def _ssh(self) -> list[str]:
        options = ["ssh", "-p", str(self.port), "-o", "BatchMode=yes", "-o", "ConnectTimeout=15"]
        options += ["-o", "StrictHostKeyChecking=yes"]
        if self.known_hosts is not None:
            options += ["-o", f"UserKnownHostsFile={self.known_hosts}"]
        if self.private_key is not None:
            options += ["-o", "IdentitiesOnly=yes", "-i", str(self.private_key)]
        return options


def _literal(name: str) -> str:
    """Return a pattern that means this name and no other."""
    return "".join(f"\\{mark}" if mark in "*?[\\" else mark for mark in name)


def _sorted(code: int, said: str) -> ChannelError:
    line = " ".join(said.split())[:300]
    message = f"rsync ends with {code}: {line}"
    if "Permission denied (" in line or "auth failed" in line:
        return CredentialsError(message, advice=REFUSED)
    if "Host key verification failed" in line:
        return CredentialsError(message, advice="副本服务器的主机密钥不在 known_hosts 里：先核对")
    if code in PARTIAL:
        return RetryableError(message, advice="副本有文件没写进去：检查目录、权限和磁盘空间")
    if code in AWAY or code == 255:
        return RetryableError(message, advice="副本的服务器连不上：检查网络和地址")
    return PermanentError(message, advice="rsync 不能这样用：检查 address")
