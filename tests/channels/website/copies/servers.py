"""Real servers for copies, each on the loopback and in a folder of its own."""

from __future__ import annotations

import getpass
import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from channels.website.copies.address import CopyTable
from publisher.errors import ChannelError, CredentialsError, RetryableError

PATIENCE_S = 20.0
SSHD = shutil.which("sshd") or ("/usr/sbin/sshd" if Path("/usr/sbin/sshd").exists() else None)
SSHD_CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey "{folder}/host_key"
PidFile "{folder}/sshd.pid"
AuthorizedKeysFile "{folder}/authorized_keys"
StrictModes no
UsePAM no
PasswordAuthentication no
Subsystem sftp internal-sftp {sftp_options}
"""

ALL_OF_S3 = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
}


@dataclass(frozen=True)
class Server:
    """A running server and the settings of a copy on it."""

    table: CopyTable
    wrong: CopyTable  # the same with a credential that is not known there
    refusal: type[ChannelError]  # what comes of it
    folder: Path | None = None  # where its files lie, if it has such a place


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
            continue
        return
    raise AssertionError(f"nothing listens at {port}")


@contextmanager
def process(command: list[str], port: int) -> Iterator[None]:
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield
    finally:
        running.terminate()
        running.wait()


@contextmanager
def sshd(folder: Path, *, sftp_options: str = "") -> Iterator[tuple[int, str]]:
    """Run an SSH server that knows one key; yield port and fingerprint."""
    if SSHD is None or shutil.which("ssh-keygen") is None:
        pytest.skip("needs an SSH server: apt-get install openssh-server")
    folder.mkdir(parents=True)
    for name in ("host_key", "own_key", "strange_key"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True
        )
    shutil.copy(folder / "own_key.pub", folder / "authorized_keys")
    Path("/run/sshd").mkdir(exist_ok=True)  # where its unprivileged half is locked in
    port = free_port()
    config = folder / "sshd_config"
    text = SSHD_CONFIG.format(port=port, folder=folder, sftp_options=sftp_options)
    config.write_text(text, encoding="utf-8")
    public = (folder / "host_key.pub").read_text(encoding="utf-8").split()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {public[0]} {public[1]}\n")
    listed = subprocess.run(
        ["ssh-keygen", "-lf", str(folder / "host_key.pub")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    with process([str(SSHD), "-D", "-e", "-f", str(config)], port):
        yield port, listed.stdout.split()[1]


@contextmanager
def over_sftp(folder: Path) -> Iterator[Server]:
    with sshd(folder / "ssh") as (port, host_key):
        root = folder / "www"
        address = f"sftp://{getpass.getuser()}@127.0.0.1:{port}{root}"
        table = CopyTable(
            address=address, host_key=host_key, private_key=str(folder / "ssh" / "own_key")
        )
        wrong = CopyTable(
            address=address, host_key=host_key, private_key=str(folder / "ssh" / "strange_key")
        )
        yield Server(table, wrong, CredentialsError, root)


@contextmanager
def over_rsync(folder: Path) -> Iterator[Server]:
    if shutil.which("rsync") is None:
        pytest.skip("needs rsync: apt-get install rsync")
    with sshd(folder / "ssh") as (port, _):
        root = folder / "www"
        root.mkdir()
        address = f"rsync+ssh://{getpass.getuser()}@127.0.0.1:{port}{root}"
        known = str(folder / "ssh" / "known_hosts")
        table = CopyTable(
            address=address, known_hosts=known, private_key=str(folder / "ssh" / "own_key")
        )
        wrong = CopyTable(
            address=address, known_hosts=known, private_key=str(folder / "ssh" / "strange_key")
        )
        yield Server(table, wrong, CredentialsError, root)


@contextmanager
def rsync_daemon(folder: Path) -> Iterator[Server]:
    if shutil.which("rsync") is None:
        pytest.skip("needs rsync: apt-get install rsync")
    root, port, config = folder / "www", free_port(), folder / "rsyncd.conf"
    root.mkdir(parents=True)
    secrets = folder / "secrets"
    secrets.write_text("yigao:sesame\n")
    secrets.chmod(0o600)
    user = getpass.getuser()
    config.write_text(
        f"use chroot = no\naddress = 127.0.0.1\nport = {port}\n[www]\npath = {root}\n"
        f"read only = no\nuid = {user}\nauth users = yigao\nsecrets file = {secrets}\n"
    )
    with process(["rsync", "--daemon", "--no-detach", f"--config={config}"], port):
        address = f"rsync://yigao@127.0.0.1:{port}/www"
        yield Server(
            CopyTable(address=address, password="sesame"),
            CopyTable(address=address, password="wrong"),
            CredentialsError,
            root,
        )


@contextmanager
def over_webdav(folder: Path) -> Iterator[Server]:
    from cheroot import wsgi
    from wsgidav.wsgidav_app import WsgiDAVApp

    root, port = folder / "www", free_port()
    root.mkdir(parents=True)
    config = {
        "provider_mapping": {"/": str(root)},
        "simple_dc": {"user_mapping": {"*": {"yigao": {"password": "sesame"}}}},
        "http_authenticator": {"accept_digest": False, "default_to_digest": False},
        "logging": {"enable": False},
        "verbose": 0,
    }
    server = wsgi.Server(("127.0.0.1", port), WsgiDAVApp(config))
    thread = threading.Thread(target=server.safe_start, daemon=True)
    thread.start()
    wait_for(port)
    address = f"dav://yigao@127.0.0.1:{port}/site"
    (root / "site").mkdir()
    try:
        yield Server(
            CopyTable(address=address, password="sesame"),
            CopyTable(address=address, password="wrong"),
            CredentialsError,
            root / "site",
        )
    finally:
        server.stop()
        thread.join(timeout=PATIENCE_S)


@contextmanager
def over_s3(folder: Path) -> Iterator[Server]:
    """Run a store that looks at signatures, with one bucket and one account."""
    import boto3
    import requests
    from moto.server import ThreadedMotoServer

    port = free_port()  # a part of all names: servers of one process share what they keep
    url = f"http://127.0.0.1:{port}"
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    wait_for(port)
    account = {
        "endpoint_url": url, "region_name": "us-east-1",
        "aws_access_key_id": "root", "aws_secret_access_key": "root",
    }  # fmt: skip
    looking = f"{url}/moto-api/reset-auth"  # from how many calls on it looks at signatures
    requests.post(looking, data=b"inf", timeout=PATIENCE_S).raise_for_status()
    boto3.client("s3", **account).create_bucket(Bucket=f"www-{port}")
    office = boto3.client("iam", **account)
    name = f"yigao-{port}"
    office.create_user(UserName=name)
    office.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=json.dumps(ALL_OF_S3))
    key = office.create_access_key(UserName=name)["AccessKey"]
    requests.post(looking, data=b"0", timeout=PATIENCE_S).raise_for_status()
    table = CopyTable(
        address=f"s3+http://127.0.0.1:{port}/www-{port}/site",
        access_key=key["AccessKeyId"],
        secret_key=key["SecretAccessKey"],
    )
    try:
        yield Server(table, table | {"secret_key": "wrong"}, CredentialsError)
    finally:
        server.stop()


@contextmanager
def in_folder(folder: Path) -> Iterator[Server]:
    root = folder / "www"
    root.mkdir(parents=True)
    table = CopyTable(address=f"file://{root}")
    yield Server(table, CopyTable(address=f"file://{folder}/not-mounted"), RetryableError, root)


SERVERS: dict[str, Callable[[Path], object]] = {
    "folder": in_folder,
    "sftp": over_sftp,
    "rsync over ssh": over_rsync,
    "rsync daemon": rsync_daemon,
    "webdav": over_webdav,
    "s3": over_s3,
}
