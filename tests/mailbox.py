"""A scripted mail server on a real socket.

It speaks as much SMTP as a sender needs, keeps what it took, and fails where it is told to.
"""

from __future__ import annotations

import base64
import datetime
import email
import email.policy
import ipaddress
import socketserver
import ssl
import threading
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HANG_UP = ""  # as the answer to a verb: the connection is closed instead


@dataclass
class Mailbox:
    """What came in, and what is answered to a verb in place of yes."""

    port: int = 0
    context: ssl.SSLContext | None = None
    offers_starttls: bool = False
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)  # for each mail
    connections: int = 0
    refuses: str = ""  # this one address
    answers: dict[str, str] = field(default_factory=dict)  # verb or "end of data": answer

    @property
    def bodies(self) -> list[str]:
        """The words of the mails."""
        return [mail.get_content() for mail in self.mails]


class _Handler(socketserver.StreamRequestHandler):
    mailbox: Mailbox
    timeout = 30

    def handle(self) -> None:
        self.mailbox.connections += 1
        self.encrypted = isinstance(self.request, ssl.SSLSocket)
        self.to: list[str] = []
        self._say("220 mailbox")
        while line := self.rfile.readline():
            verb = line.split()[0].decode().upper()
            if not self._answer(verb, line.decode().strip()):
                return

    def finish(self) -> None:
        super().finish()
        self.request.close()  # an encrypted one is not the one that the server closes

    def _say(self, answer: str) -> bool:
        if answer == HANG_UP:
            return False
        self.wfile.write(f"{answer}\r\n".encode())
        return True

    def _answer(self, verb: str, line: str) -> bool:
        if verb in self.mailbox.answers:
            return self._say(self.mailbox.answers[verb])
        if verb == "EHLO":
            offers = ["mailbox", "AUTH PLAIN"]
            offers += ["STARTTLS"] if self.mailbox.offers_starttls and not self.encrypted else []
            return self._say("\r\n".join([f"250-{one}" for one in offers] + ["250 8BITMIME"]))
        if verb == "STARTTLS":
            return self._say("220 go ahead") and self._encrypt()
        if verb == "AUTH":
            _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
            self.mailbox.logins.append((user, password))
            return self._say("235 welcome")
        if verb == "RCPT":
            address = line.partition("<")[2].partition(">")[0]
            if address == self.mailbox.refuses:
                return self._say("550 nobody")
            self.to.append(address)
        return self._take() if verb == "DATA" else self._say("250 yes")

    def _encrypt(self) -> bool:
        assert self.mailbox.context is not None
        self.request = self.mailbox.context.wrap_socket(self.request, server_side=True)
        self.setup()
        self.encrypted = True
        return True

    def _take(self) -> bool:
        self._say("354 go on")
        lines: list[bytes] = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                return False
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        answer = self.mailbox.answers.get("end of data", "250 taken")
        if answer.startswith("2") or answer == HANG_UP:
            mail = email.message_from_bytes(b"".join(lines), policy=email.policy.SMTP)
            assert isinstance(mail, EmailMessage)
            self.mailbox.mails.append(mail)
            self.mailbox.recipients.append(self.to)
            self.mailbox.encrypted.append(self.encrypted)
        return self._say(answer)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    mailbox: Mailbox
    from_the_start = False

    def finish_request(self, request: object, client_address: object) -> None:
        handler = type("Handler", (_Handler,), {"mailbox": self.mailbox})
        if self.from_the_start and self.mailbox.context is not None:
            request = self.mailbox.context.wrap_socket(request, server_side=True)  # type: ignore[arg-type]
        handler(request, client_address, self)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a sender that goes away in the middle is what some tests are about."""


def start(
    *, certificate: Path | None = None, tls: bool = False, starttls: bool = False
) -> tuple[Mailbox, socketserver.BaseServer]:
    """Start a server; with a certificate it may be encrypted."""
    server = _Server(("127.0.0.1", 0), _Handler)
    mailbox = Mailbox(port=server.server_address[1], offers_starttls=starttls)
    if certificate is not None:
        mailbox.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        mailbox.context.load_cert_chain(certificate)
    server.mailbox, server.from_the_start = mailbox, tls
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return mailbox, server


def certificate(folder: Path) -> Path:
    """Make a certificate for this machine that is its own authority; its file has the key too."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mailbox")])
    now = datetime.datetime.now(datetime.UTC)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(here, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "mailbox.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path
