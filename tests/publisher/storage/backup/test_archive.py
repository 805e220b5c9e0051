"""What is missing, changed or foreign in an archive is found, and nothing leaves its folder."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from publisher.storage.backup.archive import BackupError, sealed
from publisher.storage.backup.check import verify
from tests import make
from tests.make import NINE
from tests.publisher.storage.backup.house import House, silent


@pytest.fixture
def archive(sqlite_house: House, tmp_path: Path) -> Path:
    """A good backup of a ledger with one delivery."""
    make.delivery(sqlite_house.works())
    return sqlite_house.backup(tmp_path / "a.tar").path


def members(archive: Path) -> list[tuple[tarfile.TarInfo, bytes]]:
    with tarfile.open(archive) as tar:
        found = [(info, tar.extractfile(info)) for info in tar]
        return [(info, file.read()) for info, file in found if file is not None]


def write(archive: Path, contents: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    with tarfile.open(archive, "w") as tar:
        for info, content in contents:
            info.size = len(content) if info.isreg() else 0
            tar.addfile(info, io.BytesIO(content))


def refused(archive: Path, match: str = "备份") -> None:
    with pytest.raises(BackupError, match=match):
        verify(archive, progress=silent)


def test_a_flipped_byte_is_found_wherever_something_is_kept(archive: Path) -> None:
    whole = archive.read_bytes()
    places = [info.offset_data + info.size // 2 for info, _ in members(archive)]

    for place in places:
        flipped = bytearray(whole)
        flipped[place] ^= 1
        archive.write_bytes(flipped)
        with pytest.raises(BackupError):
            verify(archive, progress=silent)


def test_a_flipped_byte_in_a_header_is_found(archive: Path) -> None:
    whole = archive.read_bytes()

    for info, _ in members(archive):
        flipped = bytearray(whole)
        flipped[info.offset + 5] ^= 1
        archive.write_bytes(flipped)
        refused(archive)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_cut_archive_is_found(archive: Path, share: float) -> None:
    whole = archive.read_bytes()

    archive.write_bytes(whole[: int(len(whole) * share)])

    refused(archive)


def test_a_missing_member_is_found(archive: Path) -> None:
    contents = members(archive)

    for left_out, _ in contents:
        write(archive, [one for one in contents if one[0].name != left_out.name])
        refused(archive)


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "media/../../evil",
        "/etc/evil",
        "config/../../evil",
        "evil",
        "data/evil",
        "config/./../evil",
    ],
)
def test_a_name_that_leaves_its_folder_is_refused(
    sqlite_house: House, archive: Path, tmp_path: Path, name: str
) -> None:
    write(archive, [(tarfile.TarInfo(name), b"evil"), *members(archive)])

    refused(archive)
    with pytest.raises(BackupError):
        House(tmp_path / "new").restore(archive, at=NINE)

    assert not list(tmp_path.rglob("evil"))
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_nothing_but_files_is_taken(archive: Path, kind: bytes) -> None:
    link = tarfile.TarInfo("targets/gate/link")
    link.type, link.linkname = kind, "/etc/passwd"
    write(archive, [(link, b""), *members(archive)])

    refused(archive)


def test_a_file_that_the_manifest_does_not_name_is_refused(archive: Path) -> None:
    write(archive, [(tarfile.TarInfo("config/extra.toml"), b""), *members(archive)])

    refused(archive, match="清单里没有")


def test_a_count_that_is_not_that_of_the_ledger_is_found(archive: Path) -> None:
    *contents, (info, written) = members(archive)
    manifest = json.loads(written)
    manifest["counts"]["delivery"] += 1
    write(archive, [*contents, (info, json.dumps(sealed(manifest)).encode())])

    refused(archive, match="记录数")


def test_a_medium_that_the_ledger_names_and_the_archive_lacks_is_found(archive: Path) -> None:
    *contents, (info, written) = members(archive)
    manifest = json.loads(written)
    [medium] = [name for name in manifest["members"] if name.startswith("media/")]
    del manifest["members"][medium]
    kept = [one for one in contents if one[0].name != medium]
    write(archive, [*kept, (info, json.dumps(sealed(manifest)).encode())])

    refused(archive, match="缺少记录中的文件")


@pytest.mark.parametrize("written", [b"", b"not a tar", b"\x00" * 10240])
def test_what_is_no_backup_says_so(tmp_path: Path, written: bytes) -> None:
    (tmp_path / "a.tar").write_bytes(written)

    refused(tmp_path / "a.tar")


def test_a_manifest_that_was_altered_is_refused(archive: Path) -> None:
    *contents, (info, written) = members(archive)
    manifest = json.loads(written) | {"taken_at": "2030-01-01T00:00:00+00:00"}
    write(archive, [*contents, (info, json.dumps(manifest).encode())])

    refused(archive, match="清单被改动过")


def test_a_format_of_the_future_says_so(archive: Path) -> None:
    *contents, (info, written) = members(archive)
    manifest = json.loads(written) | {"format": 2}
    write(archive, [*contents, (info, json.dumps(sealed(manifest)).encode())])

    refused(archive, match="格式是 2")


def test_no_scratch_folder_is_left(archive: Path) -> None:
    verify(archive, progress=silent)

    assert sorted(path.name for path in archive.parent.iterdir()) == ["a.tar", "home"]
