"""What each kind of server says no with, and what breaks under a file."""

from __future__ import annotations

import getpass
import io
import os
import socket
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import paramiko
import pytest
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL, OPEN_SUCCEEDED
from paramiko.sftp import SFTP_NO_SUCH_FILE, SFTP_OK

from channels.website.copies import place as places
from channels.website.copies import rsync, sftp
from channels.website.copies.address import CopyTable, place_of
from channels.website.copies.place import Place
from channels.website.copies.s3 import S3
from publisher.errors import ChannelError, CredentialsError, PermanentError, RetryableError
from tests.channels.website.copies.servers import SERVERS, Server, sshd
from tests.outlet import Outlet

STRANGE = "SHA256:" + "A" * 43


@contextmanager
def started(name: str, folder: Path) -> Iterator[Server]:
    with cast(AbstractContextManager[Server], SERVERS[name](folder / "server")) as server:
        yield server


@contextmanager
def silent() -> Iterator[int]:
    """Take connections and never say a word."""
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def take() -> None:
            while True:
                try:
                    taken.append(listening.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(timeout=5)
    for line in taken:
        line.close()


def webdav_at(outlet: Outlet) -> Place:
    address = outlet.url.replace("http://", "dav://yigao@") + "/site"
    return place_of({"address": address, "password": "sesame"})


def s3_at(outlet: Outlet, **more: str) -> Place:
    table = {"access_key": "yigao", "secret_key": "sesame"} | more
    return place_of({"address": outlet.url.replace("http://", "s3+http://") + "/www", **table})


@pytest.mark.parametrize(
    ("status", "kind", "says"),
    [
        (401, CredentialsError, "账号"),
        (403, CredentialsError, "账号"),
        (409, PermanentError, "address"),
        (301, PermanentError, "address"),
        (413, PermanentError, "address"),
        (423, RetryableError, "再试"),
        (429, RetryableError, "再试"),
        (500, RetryableError, "再试"),
        (507, RetryableError, "满"),
    ],
)
def test_a_webdav_server_says_no(
    outlet: Outlet, status: int, kind: type[ChannelError], says: str
) -> None:
    outlet.answers(status, b"")

    with pytest.raises(kind) as caught:
        webdav_at(outlet).write("index.html", b"x")

    assert type(caught.value) is kind
    assert says in caught.value.advice


@pytest.mark.parametrize("make", [webdav_at, s3_at])
def test_a_lost_answer_is_tried_again_for_the_same_file_twice_does_no_harm(
    outlet: Outlet, make: type
) -> None:
    outlet.takes_it_and_hangs_up()
    place = make(outlet)

    for act in (partial(place.write, "a.html", b"x"), partial(place.remove, "a.html")):
        with pytest.raises(RetryableError) as caught:
            act()
        assert "网络" in caught.value.advice
    outlet.answers_half()
    outlet.answers_half()
    with pytest.raises(RetryableError):
        place.read("a.html")


@pytest.mark.parametrize(
    ("code", "kind", "says"),
    [
        ("RequestTimeTooSkewed", CredentialsError, "时钟"),
        ("SignatureDoesNotMatch", CredentialsError, "secret_key"),
        ("InvalidAccessKeyId", CredentialsError, "access_key"),
        ("AccessDenied", CredentialsError, "权限"),
        ("NoSuchBucket", PermanentError, "存储桶"),
        ("PathStyleDomainForbidden", PermanentError, "virtual"),
        ("AuthorizationHeaderMalformed", PermanentError, "region"),
        ("SlowDown", RetryableError, "再试"),
        ("InternalError", RetryableError, "再试"),
    ],
)
def test_an_object_store_says_no(
    outlet: Outlet, code: str, kind: type[ChannelError], says: str
) -> None:
    body = f"<Error><Code>{code}</Code><Message>sesame</Message></Error>".encode()
    outlet.answers(403, body, {"Content-Type": "application/xml"})
    place = s3_at(outlet)

    for act in (
        partial(place.write, "index.html", b"x"),
        partial(place.read, "index.html"),
        partial(place.remove, "index.html"),
    ):
        with pytest.raises(kind) as caught:
            act()
        assert type(caught.value) is kind
        assert says in caught.value.advice
        assert "sesame" not in str(caught.value)


def test_an_object_store_that_speaks_no_xml_is_tried_again(outlet: Outlet) -> None:
    outlet.answers(502, b"<html>Bad Gateway</html>", {"Content-Type": "text/html"})

    with pytest.raises(RetryableError):
        s3_at(outlet).write("index.html", b"x")


def test_a_bucket_can_be_a_part_of_the_hosts_name(
    outlet: Outlet, monkeypatch: pytest.MonkeyPatch
) -> None:
    outlet.answers(200, b"", {"ETag": '"x"'})
    ask = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **more: ask("127.0.0.1", *rest, **more)
    )
    port = outlet.url.rpartition(":")[2]
    address = f"s3+http://s3.example.com:{port}/www/site"
    table = {"address": address, "access_key": "a", "secret_key": "b"}

    place_of(table | {"style": "virtual"}).write("index.html", b"x")
    place_of(table).write("index.html", b"x")

    virtual, path = outlet.requests
    assert (virtual.headers["Host"], virtual.path) == (
        f"www.s3.example.com:{port}",
        "/site/index.html",
    )
    assert (path.headers["Host"], path.path) == (f"s3.example.com:{port}", "/www/site/index.html")


def test_an_object_says_what_it_is_and_a_large_one_goes_in_one_call(tmp_path: Path) -> None:
    import boto3

    with started("s3", tmp_path) as server:
        place = place_of(server.table)
        assert isinstance(place, S3)
        large = bytes(6 * 2**20)
        for name in ("index.html", "feed.xml", "a.pdf", "large.zip"):
            place.write(name, large if name == "large.zip" else b"x")
        client = boto3.client(
            "s3", endpoint_url=f"http://{place.endpoint}", region_name="us-east-1",
            aws_access_key_id=place.access_key, aws_secret_access_key=place.secret_key,
        )  # fmt: skip
        kinds = {
            name: client.head_object(Bucket=place.bucket, Key=f"site/{name}")["ContentType"]
            for name in ("index.html", "feed.xml", "a.pdf")
        }
        (tmp_path / "large.zip").write_bytes(large)

        assert place.differing(["large.zip"], tmp_path) == []

    assert kinds == {
        "index.html": "text/html; charset=utf-8",
        "feed.xml": "application/xml; charset=utf-8",
        "a.pdf": "application/pdf",
    }


def test_rsync_refuses_a_host_that_known_hosts_does_not_name(tmp_path: Path) -> None:
    with started("rsync over ssh", tmp_path) as server:
        empty = tmp_path / "known hosts"
        empty.write_text("")

        with pytest.raises(CredentialsError) as caught:
            place_of(server.table | {"known_hosts": str(empty)}).write("index.html", b"x")

    assert "known_hosts" in caught.value.advice
    assert empty.read_text() == ""


def test_paths_with_spaces_and_marks_are_one_path_to_rsync(tmp_path: Path) -> None:
    with started("rsync over ssh", tmp_path / "a folder") as server:
        place = place_of(server.table | {"address": server.table["address"].replace(" ", "%20")})
        for name in ("a b*.html", "#c.html", ";d[1].html", "-e.html"):
            place.write(name, name.encode())

        assert place.read("a b*.html") == b"a b*.html"
        assert place.read("#c.html") == b"#c.html"
        place.remove("a b*.html")
        assert place.read("a b*.html") is None
        assert place.read(";d[1].html") == b";d[1].html"
        assert place.read("-e.html") == b"-e.html"


def test_what_rsync_writes_can_be_read_by_a_web_server(tmp_path: Path) -> None:
    with started("rsync over ssh", tmp_path) as server:
        before = os.umask(0o077)  # ours, not that of the other side
        try:
            place_of(server.table).write("info/2026/a.html", b"x")
        finally:
            os.umask(before)
        assert server.folder is not None
        page = server.folder / "info" / "2026" / "a.html"

        assert stat.S_IMODE(page.stat().st_mode) == 0o644
        assert stat.S_IMODE(page.parent.stat().st_mode) == 0o755


def test_rsync_keeps_a_folder_that_is_a_link_to_a_larger_disk(tmp_path: Path) -> None:
    with started("rsync over ssh", tmp_path) as server:
        assert server.folder is not None
        disk = server.folder / "disk"
        disk.mkdir()
        (server.folder / "info").symlink_to("disk")

        place_of(server.table).write("info/a.html", b"x")

        assert (server.folder / "info").is_symlink()
        assert (disk / "a.html").read_bytes() == b"x"


@pytest.mark.parametrize("address", ["rsync://127.0.0.1:{}/www", "rsync+ssh://a@127.0.0.1:{}/www"])
def test_rsync_and_its_ssh_end_where_nobody_answers(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "TOTAL_S", 1.0)
    begun = time.monotonic()

    with silent() as port, pytest.raises(RetryableError) as caught:
        place_of({"address": address.format(port)}).write("index.html", b"x")

    assert time.monotonic() - begun < 10
    assert caught.value.advice


def test_a_machine_without_rsync_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(PermanentError) as caught:
        place_of({"address": "rsync://127.0.0.1/www"}).write("index.html", b"x")

    assert "apt-get install rsync" in caught.value.advice


def test_an_ssh_server_that_says_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sftp, "CONNECT_S", 0.5)
    table = {"host_key": STRANGE, "password": "sesame"}

    with silent() as port, pytest.raises(RetryableError):
        place_of({"address": f"sftp://a@127.0.0.1:{port}/www", **table}).write("a.html", b"x")


@pytest.mark.parametrize("content", [None, b"no key at all", "encrypted"])
def test_a_private_key_that_cannot_be_read_is_named(tmp_path: Path, content: object) -> None:
    key = tmp_path / "key"
    if content == "encrypted":
        paramiko.ECDSAKey.generate().write_private_key_file(str(key), password="sesame")
    elif isinstance(content, bytes):
        key.write_bytes(content)
    table = {"host_key": STRANGE, "private_key": str(key)}

    with pytest.raises(CredentialsError) as caught:
        place_of({"address": "sftp://a@127.0.0.1:1/www", **table}).write("a.html", b"x")

    assert "private_key" in caught.value.advice


def test_sftp_takes_a_host_that_known_hosts_names_and_no_other(tmp_path: Path) -> None:
    with started("sftp", tmp_path) as server:
        table = {key: value for key, value in server.table.items() if key != "host_key"}
        known = tmp_path / "server" / "ssh" / "known_hosts"
        empty = tmp_path / "empty"
        empty.write_text("")

        place = place_of(table | {"known_hosts": str(known)})
        place.write("a.html", b"x")
        place.close()
        for other in (empty, tmp_path / "missing"):
            with pytest.raises(CredentialsError) as caught:
                place_of(table | {"known_hosts": str(other)}).write("a.html", b"x")
            assert "known_hosts" in caught.value.advice


def test_a_server_without_posix_rename_has_its_files_replaced_too(tmp_path: Path) -> None:
    with sshd(tmp_path / "ssh", sftp_options="-P posix-rename") as (port, host_key):
        root = tmp_path / "www"
        table = {"host_key": host_key, "private_key": str(tmp_path / "ssh" / "own_key")}
        place = place_of({"address": f"sftp://{getpass.getuser()}@127.0.0.1:{port}{root}", **table})

        place.write("info/a.html", b"first")
        place.write("info/a.html", b"second")
        (root / "folder").mkdir()
        with pytest.raises(ChannelError):
            place.write("folder", b"x")
        place.close()

    assert (root / "info" / "a.html").read_bytes() == b"second"
    assert [path.name for path in (root / "info").iterdir()] == ["a.html"]
    assert (root / "folder").is_dir()


class ByPassword(paramiko.ServerInterface):
    """Lets one account in, by its password."""

    def check_auth_password(self, username: str, password: str) -> int:
        is_known = (username, password) == ("yigao", "sesame")
        return AUTH_SUCCESSFUL if is_known else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED


class InMemory(paramiko.SFTPServerInterface):
    """Keeps files as long as there is room; says that it is full only when a file is closed."""

    files: dict[str, bytes]
    room = 100

    def open(
        self, path: str, flags: int, attr: paramiko.SFTPAttributes
    ) -> paramiko.SFTPHandle | int:
        handle: Any = paramiko.SFTPHandle(flags)  # its files are no part of its type
        kept = io.BytesIO(self.files.get(path, b""))
        handle.readfile = handle.writefile = kept

        def close() -> None:
            self.files[path] = kept.getvalue()[: self.room]

        handle.close = close
        opened: paramiko.SFTPHandle = handle
        return opened

    def stat(self, path: str) -> paramiko.SFTPAttributes | int:
        if path == "/":
            return paramiko.SFTPAttributes()
        if path not in self.files:
            return SFTP_NO_SUCH_FILE
        attributes = paramiko.SFTPAttributes()
        attributes.st_size = len(self.files[path])
        return attributes

    def posix_rename(self, old: str, new: str) -> int:
        self.files[new] = self.files.pop(old)
        return SFTP_OK


@contextmanager
def by_password() -> Iterator[tuple[CopyTable, dict[str, bytes]]]:
    key = paramiko.ECDSAKey.generate()
    files: dict[str, bytes] = {}
    kind = type("Kept", (InMemory,), {"files": files})
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    line = listening.accept()[0]
                except OSError:
                    return
                transport = paramiko.Transport(line)
                transport.add_server_key(key)
                transport.set_subsystem_handler("sftp", paramiko.SFTPServer, kind)
                transport.start_server(event=threading.Event(), server=ByPassword())

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        address = f"sftp://yigao@127.0.0.1:{listening.getsockname()[1]}/"
        yield {"address": address, "host_key": key.fingerprint, "password": "sesame"}, files
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(timeout=5)


def test_sftp_signs_in_with_a_password_and_a_wrong_one_is_told() -> None:
    with by_password() as (table, files):
        place = place_of(table)
        place.write("a.html", b"x")
        place.close()
        with pytest.raises(CredentialsError) as caught:
            place_of(table | {"password": "wrong"}).write("a.html", b"y")

    assert files == {"/a.html": b"x"}
    assert "密码" in caught.value.advice


def test_a_file_that_was_cut_off_by_a_full_disk_takes_no_ones_place() -> None:
    with by_password() as (table, files):
        place = place_of(table)
        place.write("a.html", b"whole")
        with pytest.raises(RetryableError) as caught:
            place.write("a.html", bytes(1000))
        place.close()

    assert files["/a.html"] == b"whole"
    assert "磁盘空间" in caught.value.advice


def test_a_password_is_never_shown_to_a_host_with_another_key() -> None:
    with by_password() as (table, _), pytest.raises(CredentialsError) as caught:
        place_of(table | {"host_key": STRANGE}).write("a.html", b"x")

    assert "host_key" in caught.value.advice


def test_the_messages_of_rsync_are_sorted() -> None:
    for code, said, kind in (
        (5, "@ERROR: auth failed on module www", CredentialsError),
        (255, "root@host: Permission denied (publickey).", CredentialsError),
        (255, "Host key verification failed.", CredentialsError),
        (11, "write failed: No space left on device (28)", RetryableError),
        (23, "mkstemp failed: Permission denied (13)", RetryableError),
        (23, "failed: Read-only file system (30)", RetryableError),
        (10, "failed to connect: Connection refused (111)", RetryableError),
        (5, "@ERROR: Unknown module 'x'", PermanentError),
    ):
        assert type(rsync._sorted(code, said)) is kind, said
