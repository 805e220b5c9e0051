"""Office packages: looked at before anything is unpacked."""

from __future__ import annotations

import struct
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from publisher.documents import package
from publisher.errors import InvalidError
from tests.publisher.documents import make


def code_of(file: bytes) -> str:
    with pytest.raises(InvalidError) as error:
        package.opened(file)
    return error.value.code


def declaring(size: int, *, packed: int, entries: int = 1) -> bytes:
    """Return a package whose directory claims these sizes for each of its entries."""
    file = bytearray(make.archive({str(number): b"x" for number in range(entries)}))
    at = -1
    while (at := file.find(b"PK\x01\x02", at + 1)) >= 0:
        file[at + 20 : at + 28] = struct.pack("<II", packed, size)
    return bytes(file)


def test_a_large_part_may_be_packed_a_hundredfold_and_no_tighter() -> None:
    packed = 2**20  # with the ratio beyond the size from which it counts
    limit = package.MAX_RATIO * packed

    package.opened(declaring(limit, packed=packed)).close()
    assert code_of(declaring(limit + 1, packed=packed)) == "zip_bomb"


def test_a_small_part_of_blanks_is_no_bomb() -> None:
    limit = package.RATIO_COUNTS_FROM_BYTES

    package.opened(make.archive({"a.xml": b" " * limit})).close()
    assert code_of(make.archive({"a.xml": b" " * (limit + 1)})) == "zip_bomb"


def test_a_package_may_have_so_many_entries_and_no_more() -> None:
    def of(count: int) -> bytes:
        return make.archive({str(number): b"" for number in range(count)})

    package.opened(of(package.MAX_ENTRIES)).close()
    assert code_of(of(package.MAX_ENTRIES + 1)) == "zip_bomb"


def test_all_parts_together_are_limited() -> None:
    half = package.MAX_UNPACKED_BYTES // 2

    package.opened(declaring(half, packed=half, entries=2)).close()
    assert code_of(declaring(half + 1, packed=half, entries=2)) == "zip_bomb"


def test_an_entry_that_lies_about_its_size_is_broken() -> None:
    honest = BytesIO()
    with ZipFile(honest, "w", ZIP_DEFLATED) as archive:
        archive.writestr("a.xml", b"x" * 5000)
    lying = honest.getvalue().replace((5000).to_bytes(4, "little"), (10).to_bytes(4, "little"))

    with package.opened(lying) as archive, pytest.raises(InvalidError) as error:
        package.part(archive, "a.xml")

    assert error.value.code == "broken"


def test_a_container_with_a_password_is_told_from_an_old_file() -> None:
    encrypted = package.OLE + b"\0" * 64 + "EncryptedPackage".encode("utf-16-le")

    assert package.is_encrypted(encrypted)
    assert not package.is_encrypted(package.OLE + b"\0" * 64)


def test_a_part_that_is_not_there_is_none() -> None:
    with package.opened(make.archive({"a": b"1"})) as archive:
        assert package.part(archive, "b") is None
        assert package.office_kind(archive) == "zip"
