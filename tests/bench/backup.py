"""How long a backup of a large installation takes, beside tar of the same files in the same run.

.venv/bin/python -m tests.bench.backup [--deliveries 100000] [--media-mib 1024]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import insert, select

from publisher import installation, settings
from publisher.delivery.works import Works
from publisher.model.delivery import Attempt, Delivery
from publisher.model.item import Medium
from publisher.settings import Delivery as Limits
from publisher.storage.backup.check import verify
from publisher.storage.backup.restore import Order, restore
from publisher.storage.backup.take import take
from publisher.storage.database import migrate, open_database
from publisher.storage.media import MediaStore
from tests import make
from tests.make import NINE

FILE_MIB = 2
BATCH = 10_000


def main() -> None:
    """Build, measure, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--deliveries", type=int, default=100_000)
    options.add_argument("--media-mib", type=int, default=1024)
    options.add_argument("--folder", type=Path, default=None, help="on the disk to be measured")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as scratch:
        home, out = Path(scratch) / "home", Path(scratch) / "out"
        out.mkdir()
        installation.init(home)
        works = _build(home, deliveries=given.deliveries, media_mib=given.media_mib)
        _measure(home, out, works)


def _build(home: Path, *, deliveries: int, media_mib: int) -> Works:
    database = open_database(settings.load(home, with_targets=False).database_url)
    migrate(database.engine)
    media = MediaStore(home / "data" / "media")
    works = Works(database=database, media=media, channels={}, limits=Limits())
    first = make.delivery(works, state="confirmed")
    with database.sessions.begin() as session:
        row = session.get_one(Delivery, first)
        values = {
            c.name: getattr(row, c.name) for c in Delivery.__table__.columns if c.name != "id"
        }
        person = row.item.created_by_id
        for start in range(0, deliveries, BATCH):
            rows = [values | {"occurrence": n + 1} for n in range(start, start + BATCH)]
            session.execute(insert(Delivery), rows)
        ids = session.scalars(select(Delivery.id)).all()
        for start in range(0, len(ids), BATCH):
            session.execute(
                insert(Attempt),
                [
                    {"delivery_id": n, "step": "deliver", "started_at": NINE, "said": "ok " * 20}
                    for n in ids[start : start + BATCH]
                ],
            )
        for _ in range(media_mib // FILE_MIB):
            digest = media.put(os.urandom(FILE_MIB << 20))
            session.add(
                Medium(
                    digest=digest,
                    media_type="image/png",
                    name="a.png",
                    size_bytes=FILE_MIB << 20,
                    created_at=NINE,
                    created_by_id=person,
                )
            )
    return works


def _measure(home: Path, out: Path, works: Works) -> None:
    paths = settings.load(home, with_targets=False)
    waits: list[float] = []
    stopping = threading.Event()
    rows = {}
    rows["tar and sync"] = _timed(lambda: _tar(home, out / "plain.tar"))
    writer = threading.Thread(target=_write, args=(works, stopping, waits))
    writer.start()
    rows["backup, while a thread writes"] = _timed(
        lambda: take(paths, out / "a.tar", at=datetime.now(UTC), progress=_silent)
    )
    stopping.set()
    writer.join()
    rows["tar and sync, again"] = _timed(lambda: _tar(home, out / "plain.tar"))
    rows["verify-backup"] = _timed(lambda: verify(out / "a.tar", progress=_silent))
    works.database.engine.dispose()
    order = Order(archive=out / "a.tar", home=home, replaces=True, by="x", at=datetime.now(UTC))
    rows["restore"] = _timed(lambda: restore(order, progress=_silent))
    base = (rows["tar and sync"] + rows["tar and sync, again"]) / 2
    for name, seconds in rows.items():
        sys.stdout.write(f"{name:32} {seconds:8.2f} s  {seconds / base:5.2f} × tar\n")
    waits.sort()
    size = (out / "a.tar").stat().st_size / 2**20
    sys.stdout.write(
        f"archive {size:.0f} MiB; a writer's longest wait "
        f"{waits[-1] * 1000:.0f} ms, median {waits[len(waits) // 2] * 1000:.1f} ms "
        f"({len(waits)} writes)\n"
    )


def _timed(act: Callable[[], object]) -> float:
    begun = time.monotonic()
    act()
    return time.monotonic() - begun


def _tar(home: Path, to: Path) -> None:
    subprocess.run(["tar", "-cf", str(to), "-C", str(home), "."], check=True)
    with to.open("rb") as file:
        os.fsync(file.fileno())


def _write(works: Works, stopping: threading.Event, waits: list[float]) -> None:
    while not stopping.is_set():
        begun = time.monotonic()
        with works.database.sessions.begin() as session:
            session.add(Attempt(delivery_id=1, step="deliver", started_at=NINE))
        waits.append(time.monotonic() - begun)
        time.sleep(0.005)


def _silent(step: str, done: int) -> None:
    """Show no progress."""


if __name__ == "__main__":
    main()
