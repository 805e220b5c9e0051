"""The bare loop that everything is compared with: requests.Session, one a thread, nothing kept.

Run alone: `python -m tests.bench.raw URL POSTS [THREADS]`; started so by the other benches, too.
"""

from __future__ import annotations

import json
import sys
import threading

import requests

THREADS = 32
BODY = json.dumps({"title": "停水通知", "text": "周六 9:00 至 11:00" * 40}).encode()  # about 1 KB
TIMEOUT_S = 60.0

_of_thread = threading.local()


def headers(key: str) -> dict[str, str]:
    """Return what goes with the body, for every contender alike."""
    return {"Content-Type": "application/json", "Idempotency-Key": key}


def post(url: str, key: str) -> None:
    """Post the body as most programs would: with the session of this thread."""
    session: requests.Session | None = getattr(_of_thread, "session", None)
    if session is None:
        session = _of_thread.session = requests.Session()
    answer = session.post(url, data=BODY, headers=headers(key), timeout=TIMEOUT_S)
    answer.raise_for_status()


def loop(url: str, posts: int, *, threads: int = THREADS) -> None:
    """Post so often, from so many threads."""
    numbers = iter(range(posts))
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            post(url, f"raw-{number}")

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def main() -> None:
    """Run the loop once."""
    url, posts, *threads = sys.argv[1:]
    loop(url, int(posts), threads=int(threads[0]) if threads else THREADS)


if __name__ == "__main__":
    main()
