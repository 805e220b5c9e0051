"""Exchanging two folders in one step, so that there is never none."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

AT_FDCWD = -100
RENAME_EXCHANGE = 2
NOT_HERE = {errno.EINVAL, errno.ENOSYS}  # a file system or kernel that cannot


def swap(one: Path, other: Path) -> None:
    """Give each the name of the other. Source: man 2 renameat2 (Linux 3.15, glibc 2.28)."""
    number = _renameat2(one, other)
    if number in NOT_HERE:
        _in_two_steps(one, other)
    elif number:
        raise OSError(number, os.strerror(number), str(other))


def _renameat2(one: Path, other: Path) -> int:
    """Return the number of the error, 0 where there was none."""
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "renameat2"):
        return errno.ENOSYS
    names = (os.fsencode(one.absolute()), os.fsencode(other.absolute()))
    failed = library.renameat2(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE)
    return ctypes.get_errno() if failed else 0


def _in_two_steps(one: Path, other: Path) -> None:
    between = other.with_name(f"{other.name}.being-replaced")
    other.rename(between)
    one.rename(other)
    between.rename(one)
