from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from channels import _http, _patience
from publisher.errors import PermanentError, RetryableError, UnknownOutcomeError
from tests.outlet import Outlet

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
Talk = Callable[[socket.socket], None]


def plainly(connection: socket.socket, *, server_side: bool) -> socket.socket:
    """Speak no TLS."""
    return connection


@contextmanager
def line(talk: Talk, *, tls: ssl.SSLContext | None = None) -> Iterator[tuple[str, list[Talk]]]:
    """Answer every connection with talk; its address, and an entry for each connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    taken: list[Talk] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            taken.append(talk)
            spoken = tls.wrap_socket if tls else plainly
            with suppress(OSError), connection, spoken(connection, server_side=True) as shown:
                talk(shown)

    thread = threading.Thread(target=serve)
    thread.start()
    scheme, port = "https" if tls else "http", listener.getsockname()[1]
    yield f"{scheme}://127.0.0.1:{port}", taken
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def take(connection: socket.socket) -> bool:
    """Read one request to the end of its body; False where the other side closed."""
    with connection.makefile("rb") as file:
        head = list(iter(file.readline, b"\r\n"))[1:] if file.peek(1) else []
        fields = dict(one.lower().split(b": ") for one in head)
        file.read(int(fields.get(b"content-length", 0)))
    return bool(head)


def dripping(beginning: bytes) -> Talk:
    """Begin an answer so, then add a byte now and then, and never end."""

    def drip(connection: socket.socket) -> None:
        take(connection)
        connection.sendall(beginning)
        while True:
            connection.sendall(b"x")
            time.sleep(0.05)

    return drip


def answering_once(connection: socket.socket) -> None:
    """Answer one request as if the connection stayed, and close it."""
    take(connection)
    connection.sendall(HEAD + b"\r\n{}")


def answering_all(connection: socket.socket) -> None:
    """Answer until the other side closes."""
    while take(connection):
        connection.sendall(HEAD + b"\r\n{}")


def hanging_up_on_the_second(connection: socket.socket) -> None:
    """Answer the first request, read the second, and close."""
    answering_once(connection)
    take(connection)


@pytest.mark.parametrize(
    "beginning",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Drip: "],
    ids=["body", "head"],
)
def test_an_answer_that_drips_is_an_unknown_outcome_in_the_end(beginning: bytes) -> None:
    begun = time.monotonic()

    with (
        line(dripping(beginning)) as (url, _),
        pytest.raises(UnknownOutcomeError, match="does not end"),
    ):
        _http.send("GET", url, timeout_s=0.2)

    assert time.monotonic() - begun >= 0.2 * _patience.TOTAL_TIMES


@pytest.mark.parametrize(
    "beginning",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Drip: "],
    ids=["body", "head"],
)
def test_a_library_that_talks_through_our_session_waits_for_no_answer_for_ever(
    beginning: bytes,
) -> None:
    with (
        line(dripping(beginning)) as (url, _),
        pytest.raises(requests.RequestException) as caught,
    ):
        _http.session().get(url, timeout=(1, 0.2))

    assert isinstance(_http.outcome_of(caught.value), UnknownOutcomeError)


BODY = bytes(16 * 2**20)  # more than the buffers of both sides hold


def taking_slowly(connection: socket.socket) -> None:
    """Take a body in about a second, and answer."""
    taken = 0
    while taken < len(BODY):
        taken += len(connection.recv(2**17))
        time.sleep(0.005)
    connection.sendall(HEAD + b"\r\n{}")


def test_a_large_body_has_the_time_of_an_answer_not_that_of_a_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_http, "CONNECT_TIMEOUT_S", 0.2)

    with line(taking_slowly) as (url, _):
        answer = _http.send("PUT", url, data=BODY)

    assert answer.status_code == 200


def test_a_body_that_nobody_takes_is_an_unknown_outcome_in_the_end() -> None:
    def takes_nothing(connection: socket.socket) -> None:
        done.wait(10)

    done = threading.Event()
    begun = time.monotonic()
    with line(takes_nothing) as (url, _):
        with pytest.raises(UnknownOutcomeError):
            _http.send("PUT", url, data=BODY, timeout_s=0.2)
        done.set()

    assert time.monotonic() - begun < 5


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


def test_a_kept_connection_that_was_closed_meanwhile_costs_nothing() -> None:
    with line(answering_once) as (url, taken):
        for _ in range(3):
            assert _http.post_json(url, {}) == {}
            time.sleep(0.05)

    assert len(taken) == 3


def test_a_kept_connection_that_breaks_under_a_request_leaves_it_unknown() -> None:
    with line(hanging_up_on_the_second) as (url, taken):
        _http.post_json(url, {})

        with pytest.raises(UnknownOutcomeError):
            _http.post_json(url, {})

    assert len(taken) == 1  # a silent retry would have come on a second connection


def test_a_connection_that_was_idle_for_long_is_not_trusted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_patience, "IDLE_S", 0.0)

    with line(answering_once) as (url, taken):
        _http.post_json(url, {})
        _http.post_json(url, {})

    assert len(taken) == 2


def test_threads_never_share_a_connection_at_the_same_time(outlet: Outlet) -> None:
    outlet.answers(body={"ok": True})
    answers: list[object] = []

    def post() -> None:
        answers.extend(_http.post_json(outlet.url, {"n": n}) for n in range(20))

    threads = [threading.Thread(target=post) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [{"ok": True}] * 160


def test_a_host_that_does_not_exist_certainly_got_nothing() -> None:
    with pytest.raises(RetryableError):
        _http.send("POST", "http://nowhere.invalid/")


@pytest.mark.parametrize("url", ["sesame", "ftp://host/sesame", "http://:80/sesame", "http://[/"])
def test_what_is_no_address_is_never_asked(url: str) -> None:
    with pytest.raises(PermanentError) as caught:
        _http.send("POST", url)

    assert "sesame" not in str(caught.value)


def test_a_header_that_would_break_the_request_is_never_sent(outlet: Outlet) -> None:
    with pytest.raises(PermanentError) as caught:
        _http.send("POST", outlet.url, headers={"Authorization": "sesame\r\nX: y"})

    assert "sesame" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert outlet.requests == []


def test_an_address_keeps_its_question_and_gets_ours(outlet: Outlet) -> None:
    _http.send("GET", f"{outlet.url}/停水?a=1", params={"check": "x y"})

    assert outlet.paths == ["/%E5%81%9C%E6%B0%B4?a=1&check=x+y"]


def test_a_redirect_is_an_answer(outlet: Outlet) -> None:
    outlet.answers(302, headers={"Location": outlet.url})

    assert _http.send("POST", outlet.url).status_code == 302
    assert len(outlet.requests) == 1


def test_proxies_of_the_environment_are_not_asked(
    outlet: Outlet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    assert _http.send("GET", outlet.url).status_code == 200


def test_an_answer_that_came_packed_is_unpacked(outlet: Outlet) -> None:
    outlet.answers(body=gzip.compress(b'{"ok": true}'), headers={"Content-Encoding": "gzip"})

    assert _http.post_json(outlet.url, {}) == {"ok": True}


@pytest.mark.parametrize(
    "body",
    [b"{}", gzip.compress(b"x" * (_http.MAX_BYTES + 1))],
    ids=["not packed", "too large"],
)
def test_an_answer_that_cannot_be_unpacked_is_an_unknown_outcome(
    outlet: Outlet, body: bytes
) -> None:
    outlet.answers(body=body, headers={"Content-Encoding": "gzip"})

    with pytest.raises(UnknownOutcomeError):
        _http.send("GET", outlet.url)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody knows, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "outlet")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "outlet.pem"
    form = serialization.PrivateFormat.TraditionalOpenSSL
    secret = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return file


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_an_outlet_whose_certificate_is_not_trusted_is_told_nothing(tls: ssl.SSLContext) -> None:
    with (
        line(answering_once, tls=tls) as (url, _),
        pytest.raises(PermanentError, match="certificate"),
    ):
        _http.send("POST", url)


def test_an_outlet_whose_certificate_is_trusted_is_asked(
    tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(certificate))

    with line(answering_once, tls=tls) as (url, _):
        assert _http.post_json(url, {}) == {}


def test_an_outlet_that_does_not_speak_tls_leaves_it_unknown() -> None:
    def plain(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with line(plain) as (url, _), pytest.raises(UnknownOutcomeError):
        _http.send("POST", url.replace("http:", "https:"))
