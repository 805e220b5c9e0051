from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from channels import _http
from publisher.errors import RetryableError, UnknownOutcomeError
from tests.outlet import Outlet


@pytest.fixture
def dripping() -> Iterator[str]:
    """The address of an outlet that answers a byte now and then, and never ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def drip() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while not stop.wait(0.05):
                try:
                    connection.sendall(b"x")
                except OSError:
                    return

    thread = threading.Thread(target=drip)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    stop.set()
    thread.join()
    listener.close()


def test_an_answer_that_drips_is_an_unknown_outcome_in_the_end(dripping: str) -> None:
    begun = time.monotonic()

    with pytest.raises(UnknownOutcomeError, match="does not end"):
        _http.send("GET", dripping, timeout_s=0.2)

    assert time.monotonic() - begun >= 0.2 * _http.TOTAL_TIMES


def test_an_answer_that_is_too_large_is_not_kept(outlet: Outlet) -> None:
    outlet.answers(body=b"x" * (_http.MAX_BYTES + 1))

    with pytest.raises(UnknownOutcomeError, match="does not end"):
        _http.send("GET", outlet.url)


def test_half_an_answer_is_an_unknown_outcome(outlet: Outlet) -> None:
    outlet.answers_half()

    with pytest.raises(UnknownOutcomeError):
        _http.send("GET", outlet.url)


def test_a_refused_connection_certainly_delivered_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(RetryableError):
        _http.send("POST", f"http://127.0.0.1:{port}/?token=sesame")


def test_a_key_in_an_address_is_in_no_traceback(outlet: Outlet) -> None:
    outlet.takes_it_and_hangs_up()

    with pytest.raises(UnknownOutcomeError) as caught:
        _http.send("POST", f"{outlet.url}/?token=sesame")

    assert "sesame" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_the_connection_is_used_again(outlet: Outlet) -> None:
    outlet.answers(body={"ok": True})

    first = _http.post_json(outlet.url, {"n": 1})
    second = _http.post_json(outlet.url, {"n": 2})

    assert first == second == {"ok": True}
    assert outlet.received == [{"n": 1}, {"n": 2}]
