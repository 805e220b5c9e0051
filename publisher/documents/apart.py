"""Reading a file in a process of its own, which may die of it: limited in time and memory.

The process gets the bytes and nothing else; what it says is pieces, or why it cannot read.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys

from publisher.documents.contents import Piece, UnreadableError, pieces

WITHIN_S = 30.0
MEMORY_BYTES = 2 * 2**30  # of addresses; openpyxl takes some 50 times the size of a sheet
TOO_LONG = f"{WITHIN_S:.0f} 秒内读不完，请拆成几个小的文件，或另存后再上传"
DIED = "读到一半就出错了，可能已损坏或过大，请用原来的程序打开，另存后再上传"


def pieces_apart(name: str, media_type: str, file: bytes) -> tuple[Piece, ...]:
    """Return what `contents.pieces` returns; UnreadableError also where the process dies."""
    command = [sys.executable, "-m", "publisher.documents.apart", name, media_type]
    try:
        ended = subprocess.run(
            command, input=file, capture_output=True, timeout=WITHIN_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise UnreadableError(TOO_LONG) from error
    if ended.returncode != 0:
        raise UnreadableError(DIED)
    said = json.loads(ended.stdout)
    if "unreadable" in said:
        raise UnreadableError(said["unreadable"])
    return tuple(Piece(**piece) for piece in said["pieces"])


def main() -> None:
    """Read what comes in; the answer is JSON."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (int(WITHIN_S), int(WITHIN_S)))
    name, media_type = sys.argv[1:]
    try:
        found = pieces(name, media_type, sys.stdin.buffer.read())
    except UnreadableError as error:
        said: dict[str, object] = {"unreadable": str(error)}
    else:
        said = {"pieces": [vars(piece) for piece in found]}
    json.dump(said, sys.stdout, ensure_ascii=True)


if __name__ == "__main__":
    main()
