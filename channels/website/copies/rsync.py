"""rsync, over ssh or to a daemon: many files in one call, each renamed into place at its end."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import ClassVar

from channels.website.copies.place import Place, total_s
from publisher.errors import ChannelError, CredentialsError, PermanentError, RetryableError

CONNECT_S, ANSWER_S = 15, 60
LISTED = ("--files-from=-", "--from0", "--relative")
PARTIAL = {11, 20, 23, 24}  # error in file I/O, ended, some files not transferred, or vanished
SSH = 255  # ssh ended, not rsync
AWAY = {10, 12, 30, 35, SSH}  # socket, protocol stream, timeouts: rsync(1), EXIT VALUES
# "-rw-r--r--          4 2026/11/27 06:20:28 2026/a.html"; what is no plain file begins otherwise
ENTRY = re.compile(r"^-\S+ +[\d,]+ [\d/]+ [\d:]+ (.+)$", re.MULTILINE)
MISSING = re.compile(r"(link_stat|change_dir)\b.* failed: No such file or directory")
NOT_THERE = "rsync ends with 23: "
AWAY_ADVICE = "副本的服务器连不上：检查网络和地址"
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
        size = sum((root / name).stat().st_size for name in names)
        self._run([*LISTED, "--delay-updates", f"{root}/", self._folder], names, size=size)

    def differing(self, names: Sequence[str], root: Path) -> list[str]:
        """Let rsync compare the checksums, without a transfer."""
        listed = ["--dry-run", "--out-format=%n", f"{root}/", self._folder]
        size = sum((root / name).stat().st_size for name in names)
        said = self._run([*LISTED, *listed], names, size=size)
        there = set(said.split("\n"))
        return [name for name in names if name in there]

    def names(self, folder: str) -> list[str]:
        asked = ["--recursive", "--list-only", "--no-human-readable", f"{self._folder}{folder}/"]
        try:
            said = self._run(asked, [])
        except RetryableError as error:
            if not _is_missing(error):
                raise
            return []
        return [f"{folder}/{name}" for name in ENTRY.findall(said)]

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
                self._run([*LISTED, self._folder, f"{folder}/"], [name])
            except RetryableError as error:
                if not _is_missing(error):
                    raise
                return None
            return (Path(folder) / name).read_bytes()

    @property
    def _folder(self) -> str:
        return self.target if self.target.endswith("/") else f"{self.target}/"

    def _run(self, arguments: Sequence[str], names: Sequence[str], *, size: int = 0) -> str:
        """Run rsync over names; return what it prints."""
        command = [
            "rsync", "--times", "--checksum", "--protect-args", "--8-bit-output",
            "--keep-dirlinks", "--chmod=D755,F644", f"--timeout={ANSWER_S}",
        ]  # fmt: skip
        if self.target.startswith("rsync://"):
            command.append(f"--contimeout={CONNECT_S}")
        else:
            command += ["--rsh", shlex.join(self._ssh())]
        try:
            running = subprocess.Popen(
                [*command, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=os.environ | {"RSYNC_PASSWORD": self.password, "LC_ALL": "C"},
                start_new_session=True,  # so that its ssh ends with it
            )
        except FileNotFoundError:
            message = "这台服务器上没有 rsync：请安装它（apt-get install rsync openssh-client）"
            raise PermanentError("no rsync", advice=message) from None
        with running:
            try:
                # without ./ a name that begins with # or ; is a comment and goes nowhere
                listed = "".join(f"./{name}\0" for name in names).encode()
                said, wrong = running.communicate(listed, timeout=total_s(size))
            except subprocess.TimeoutExpired:
                raise RetryableError("rsync does not end", after_s=60, advice=AWAY_ADVICE) from None
            finally:
                _end(running)
        if running.returncode:
            raise _sorted(running.returncode, wrong.decode("utf-8", "replace"))
        return said.decode("utf-8", "replace")

    def _ssh(self) -> list[str]:
        options = ["ssh", "-p", str(self.port), "-o", "BatchMode=yes", "-o", "ConnectTimeout=15"]
        options += ["-o", "StrictHostKeyChecking=yes", "-o", "UpdateHostKeys=no"]
        options += ["-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=3"]
        if self.known_hosts is not None:
            options += ["-o", "GlobalKnownHostsFile=/dev/null"]
            options += ["-o", f'UserKnownHostsFile="{self.known_hosts}"']
        if self.private_key is not None:
            options += ["-o", "IdentitiesOnly=yes", "-i", str(self.private_key)]
        return options


def _is_missing(error: RetryableError) -> bool:
    said = str(error)
    is_partial = said.startswith(NOT_THERE)
    return is_partial and bool(MISSING.search(said)) and "Permission denied" not in said


def _end(running: subprocess.Popen[bytes]) -> None:
    """End rsync and its ssh, which would keep our pipes open."""
    if running.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)


def _literal(name: str) -> str:
    """Return a pattern that means this name and no other."""
    return "".join(f"\\{mark}" if mark in "*?[\\" else mark for mark in name)


def _sorted(code: int, said: str) -> ChannelError:
    line = " ".join(said.split())[:300]
    message = f"rsync ends with {code}: {line}"
    if (code == SSH and "Permission denied" in line) or "auth failed" in line:
        return CredentialsError(message, advice=REFUSED)
    if "Host key verification failed" in line:
        return CredentialsError(message, advice="副本服务器的主机密钥不在 known_hosts 里：先核对")
    if code in PARTIAL:
        return RetryableError(message, advice="副本有文件没写进去：检查目录、权限和磁盘空间")
    if code in AWAY:
        return RetryableError(message, advice=AWAY_ADVICE)
    return PermanentError(message, advice="rsync 不能这样用：检查 address")
