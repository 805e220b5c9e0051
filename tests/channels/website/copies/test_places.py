"""Each place against a real server of its kind: one table for all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from channels.website.copies.address import CopyTable, place_of
from channels.website.copies.place import Place
from channels.website.copies.rsync import Rsync
from channels.website.copies.s3 import S3
from publisher.errors import (
    ChannelError,
    CredentialsError,
    PermanentError,
    RetryableError,
)
from tests.channels.website.copies.servers import SERVERS, Server, free_port

STRANGE = "SHA256:" + "A" * 43
NAME = "info/2026/13771-0307-2026-0001.html"


@pytest.fixture(params=SERVERS, scope="module")
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("copies") / "server"
    started = cast(AbstractContextManager[Server], SERVERS[request.param](folder))
    with started as server:
        yield server


@pytest.fixture
def place(server: Server) -> Iterator[Place]:
    place = place_of(server.table)
    yield place
    place.close()


def test_a_file_is_put_there_replaced_and_removed(place: Place) -> None:
    place.write(NAME, "第一版".encode())
    first = place.read(NAME)
    place.write(NAME, "第二版，长一些".encode())
    second = place.read(NAME)
    place.remove(NAME)
    place.remove(NAME)

    assert (first, second) == ("第一版".encode(), "第二版，长一些".encode())
    assert place.read(NAME) is None


def test_names_that_are_not_ascii_and_large_files_go_there_too(place: Place) -> None:
    large = bytes(range(256)) * 8000
    place.write("info/2026/13771-0307-2026-待编/图 1.png", large)

    assert place.read("info/2026/13771-0307-2026-待编/图 1.png") == large


def test_several_files_of_a_folder_go_in_one_call(place: Place, tmp_path: Path) -> None:
    names = ["column/03/1.html", "column/03/index.html", "index.html"]
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"页 {name}", encoding="utf-8")

    place.write_many(names, tmp_path)

    assert [place.read(name) for name in names] == [f"页 {name}".encode() for name in names]


def test_nothing_unfinished_stays_behind(server: Server, place: Place) -> None:
    place.write(NAME, b"x")

    if server.folder is not None:
        assert not [path for path in server.folder.rglob(".*") if path.is_file()]


def test_all_files_of_a_folder_are_named(place: Place) -> None:
    names = {"listed/2026/a.html", "listed/2026/a/图 1.png", "listed/b&c.html", "listed/50%.html"}
    for name in (*names, "other/d.html"):
        place.write(name, b"x")

    assert set(place.names("listed")) == names
    assert set(place.names("no such folder")) == set()


def test_what_differs_is_named_and_nothing_else(place: Place, tmp_path: Path) -> None:
    names = ["info/2027/same.html", "info/2027/same size.html", "info/2027/longer.html", "new.html"]
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"here")
    place.write(names[0], b"here")
    place.write(names[1], b"hers")
    place.write(names[2], b"other")

    assert place.differing(names, tmp_path) == names[1:]


def test_a_name_that_cannot_be_a_file_there_is_an_error_with_advice(place: Place) -> None:
    place.write("file", b"x")
    if isinstance(place, S3 | Rsync):
        return  # a store has no folders, and rsync makes one of the file

    with pytest.raises(ChannelError) as caught:
        place.write("file/below", b"x")

    assert not isinstance(caught.value, CredentialsError)
    assert caught.value.advice


def test_what_never_was_there_is_not_there(place: Place) -> None:
    assert place.read("no such folder/no such file.html") is None
    place.remove("no such folder/no such file.html")


def test_a_wrong_account_or_place_is_told_apart_from_a_line_that_is_down(server: Server) -> None:
    wrong = place_of(server.wrong)

    for act in (partial(wrong.write, NAME, b"x"), partial(wrong.read, NAME)):
        with pytest.raises(server.refusal) as caught:
            act()
        assert caught.value.advice
        assert "sesame" not in str(caught.value)
    wrong.close()


@pytest.mark.parametrize(
    "table",
    [
        {"address": "sftp://yigao@127.0.0.1:{port}/www", "password": "x", "host_key": STRANGE},
        {"address": "rsync://yigao@127.0.0.1:{port}/www", "password": "x"},
        {"address": "rsync+ssh://yigao@127.0.0.1:{port}/www"},
        {"address": "dav://yigao@127.0.0.1:{port}/www", "password": "x"},
        {"address": "s3+http://127.0.0.1:{port}/www", "access_key": "a", "secret_key": "b"},
    ],
    ids=lambda table: table["address"],
)
def test_a_server_that_is_away_is_tried_again(table: CopyTable) -> None:
    place = place_of(table | {"address": table["address"].format(port=free_port())})

    for act in (partial(place.write, NAME, b"x"), partial(place.read, NAME)):
        with pytest.raises(RetryableError) as caught:
            act()
        assert "网络" in caught.value.advice


def test_a_host_with_another_key_is_not_trusted(tmp_path: Path) -> None:
    with cast(AbstractContextManager[Server], SERVERS["sftp"](tmp_path / "s")) as server:
        strange = server.table | {"host_key": STRANGE}

        with pytest.raises(CredentialsError) as caught:
            place_of(strange).write(NAME, b"x")

    assert "host_key" in caught.value.advice


def test_a_bucket_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    with cast(AbstractContextManager[Server], SERVERS["s3"](tmp_path / "s")) as server:
        none = server.table["address"].replace("/www-", "/none-")

        with pytest.raises(PermanentError) as caught:
            place_of(server.table | {"address": none}).write(NAME, b"x")

    assert "存储桶" in caught.value.advice
