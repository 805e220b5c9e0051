"""The table of a copy, as it stands in the settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from channels.website.copies.address import CopyTable, place_of
from channels.website.copies.rsync import Rsync
from channels.website.copies.s3 import S3
from channels.website.copies.webdav import WebDav
from publisher import registry, settings
from publisher.cli_output import NoShelf
from publisher.errors import ConfigError

PRINT = "SHA256:" + "A" * 43
KEYS = {"access_key": "a", "secret_key": "geheim"}


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({}, "其中一种"),
        ({"address": "ftp://host/www"}, "其中一种"),
        ({"address": "/srv/www"}, "其中一种"),
        ({"address": "file://srv/www"}, "三个斜杠"),
        ({"address": "file://"}, "三个斜杠"),
        ({"address": "file:www"}, "三个斜杠"),
        ({"address": "file:///"}, "自己的目录"),
        ({"address": "file:///srv/../etc"}, ".."),
        ({"address": "file:///srv/%2e%2e/etc"}, ".."),
        ({"address": "file:///srv/a b"}, "%20"),
        ({"address": "file:///srv/a%0Ab"}, "换行"),
        ({"address": "file:///srv/www?x"}, "%3F"),
        ({"address": "file:///srv/www#x"}, "%23"),
        ({"address": "file:///srv/www", "password": "geheim"}, "不用 password"),
        ({"address": "sftp://host/www", "password": "geheim", "host_key": PRINT}, "用户名"),
        ({"address": "sftp://a@host/www", "password": "geheim"}, "host_key"),
        ({"address": "sftp://a@host/www", "host_key": PRINT}, "password"),
        ({"address": "sftp://a@host/www", "password": "geheim", "host_key": "SHA256:x"}, "43"),
        ({"address": "sftp://a:geheim@host/www", "host_key": PRINT}, "env:"),
        ({"address": "sftp://a@host:abc/www", "password": "geheim", "host_key": PRINT}, "端口"),
        ({"address": "sftp://a@host:99999/x", "password": "geheim", "host_key": PRINT}, "端口"),
        ({"address": "sftp://a@[::1/www"}, "主机"),
        ({"address": "sftp://a@host/x", "pasword": "geheim", "host_key": PRINT}, "不用 pasword"),
        ({"address": "sftp://a@h/x", "host_key": PRINT, "private_key": "key"}, "完整路径"),
        ({"address": "sftp://a@h/x", "host_key": PRINT, "private_key": "-----BEGIN"}, "file:"),
        ({"address": "rsync+ssh://a@host"}, "目录"),
        ({"address": "rsync+ssh://-oProxyCommand@host/www"}, "用户名"),
        ({"address": "rsync+ssh://-oProxyCommand/www"}, "主机名"),
        ({"address": "rsync+ssh://a@host/www", "password": "geheim"}, "不用 password"),
        ({"address": "rsync+ssh://a@host/www", "host_key": PRINT}, "known_hosts"),
        ({"address": "rsync://host/"}, "模块"),
        ({"address": "rsync://host/www", "password": "geheim"}, "用户名"),
        ({"address": "davs://host/www", "password": "geheim"}, "用户名"),
        ({"address": "davs://a@host/www"}, "password"),
        ({"address": "s3+https://host/", **KEYS}, "桶名"),
        ({"address": "s3+https://host/WWW", **KEYS}, "桶名"),
        ({"address": "s3+https://a@host/www", **KEYS}, "access_key"),
        ({"address": "s3+https://host/www"}, "还缺 access_key"),
        ({"address": "s3+https://host/www", **KEYS, "style": "x"}, "virtual"),
    ],
)
def test_a_table_that_cannot_work_is_named_and_its_secrets_are_not(
    table: CopyTable, says: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        place_of(table)

    assert caught.value.key == "copies"
    assert says in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_secrets_stand_in_no_text_of_a_place() -> None:
    for table in (
        {"address": "sftp://a@host/www", "password": "geheim", "host_key": PRINT},
        {"address": "rsync://a@host/www", "password": "geheim"},
        {"address": "davs://a@host/www", "password": "geheim"},
        {"address": "s3+https://host/www", **KEYS},
    ):
        assert "geheim" not in repr(place_of(table))


def test_an_address_of_the_sixth_version_keeps_its_brackets() -> None:
    rsync = place_of({"address": "rsync+ssh://a@[::1]/www"})
    webdav = place_of({"address": "davs://[::1]:8443/www"})

    assert isinstance(rsync, Rsync)
    assert rsync.target == "a@[::1]:/www"
    assert isinstance(webdav, WebDav)
    assert webdav.url == "https://[::1]:8443/www/"


def test_a_bucket_and_what_its_objects_begin_with_come_from_the_path() -> None:
    place = place_of({"address": "s3+https://s3.example.com:9000/www/a/b/", **KEYS})

    assert isinstance(place, S3)
    assert (place.endpoint, place.bucket, place.prefix) == ("s3.example.com:9000", "www", "a/b/")


TARGETS = """
[website]
channel = "website"
base_url = "https://xxgk.example.edu.cn"
[[website.copies]]
address = "file:///srv/www"
[[website.copies]]
address = "sftp://yigao@www.example.edu.cn/srv/xxgk"
host_key = "{print}"
password = "env:COPY_PASSWORD"
{more}
"""


def built(home: Path, *, more: str = "") -> object:
    """Build the site as a start does, from a file of settings."""
    (home / "config").mkdir()
    text = TARGETS.format(print=PRINT, more=more)
    (home / "config" / "targets.toml").write_text(text, encoding="utf-8")
    table = settings.load(home).targets["website"]
    return registry.build("website", table, home=home, folder=home / "site", shelf=NoShelf())


def test_copies_are_written_into_the_settings_with_their_secrets_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COPY_PASSWORD", "geheim")

    website = built(tmp_path)

    assert [table["address"] for table in website.copies] == [  # type: ignore[attr-defined]
        "file:///srv/www",
        "sftp://yigao@www.example.edu.cn/srv/xxgk",
    ]
    assert website.copies[1]["password"] == "geheim"  # type: ignore[attr-defined]
    assert "geheim" not in repr(website)


@pytest.mark.parametrize(("more", "says"), [("port = 22", "copies"), ('prot = "22"', "prot")])
def test_a_wrong_key_stops_the_start_and_shows_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str, says: str
) -> None:
    monkeypatch.setenv("COPY_PASSWORD", "geheim")

    with pytest.raises(ConfigError) as caught:
        built(tmp_path, more=more)

    assert says in str(caught.value)
    assert "geheim" not in str(caught.value)
