"""The two receivers that stand in docs/receivers, each against the channel: one table for both."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import requests

from channels.push import Push, signature
from channels.push.notice import message_of
from publisher.channel import Attachment, Content, Image
from publisher.errors import CredentialsError, PermanentError
from tests.channels.test_contract import DOT
from tests.channels.wechat.scene import MemoryShelf

RECEIVERS = Path(__file__).parents[3] / "docs" / "receivers"
OLD, NEW = ("whsec_" + base64.b64encode(letter * 32).decode() for letter in (b"o", b"n"))
NOTICE = Content(
    title="收费公示 <A&B>",
    body='<p>标准如下。</p><p><img src="media:1a2b.png" alt="流程"></p>',
    index_number="13771-0307-2026-0001",
    images=(Image(name="1a2b.png", file=DOT, media_type="image/png", alt="流程"),),
    attachments=(Attachment(name="收费 表.pdf", file=b"%PDF-1", media_type="application/pdf"),),
)
PATIENCE_S = 20.0


@dataclass
class Receiver:
    """A running receiver; it can be stopped and started again on its folder."""

    kind: str
    folder: Path
    port: int
    most_mb: int = 32
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        secrets = self.folder / "secrets"
        secrets.parent.mkdir(parents=True, exist_ok=True)
        secrets.write_text(f"{OLD}\n{NEW}\n", encoding="ascii")
        if self.kind == "python":
            command = [
                sys.executable, str(RECEIVERS / "push_receiver.py"), "--folder",
                str(self.folder / "data"), "--port", str(self.port), "--public", self.url,
                "--secret-file", str(secrets), "--max-mb", str(self.most_mb),
            ]  # fmt: skip
        else:
            script = RECEIVERS / "push_receiver.php"
            command = ["php", "-S", f"127.0.0.1:{self.port}", str(script)]
        env = {
            "PUSH_FOLDER": str(self.folder / "data"),
            "PUSH_PUBLIC": self.url,
            "PUSH_SECRETS": f"{OLD} {NEW}",
            "PUSH_MAX_MB": str(self.most_mb),
            "PHP_CLI_SERVER_WORKERS": "4",
        }
        self.process = subprocess.Popen(
            command, env=os.environ | env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            try:
                requests.get(f"{self.url}/notice/1", timeout=5)
            except requests.ConnectionError:
                time.sleep(0.05)
                continue
            return
        raise AssertionError("the receiver does not start")

    def kill(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, 9)
            self.process.wait()


def has_php() -> bool:
    if shutil.which("php") is None:
        return False
    modules = subprocess.run(["php", "-m"], capture_output=True, text=True, check=False).stdout
    return "pdo_sqlite" in modules


@pytest.fixture(params=["python", "php"])
def receiver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Receiver]:
    if request.param == "php" and not has_php():
        pytest.skip("needs PHP: apt-get install php-cli php-sqlite3")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = Receiver(kind=request.param, folder=tmp_path, port=port)
    made.start()
    yield made
    made.kill()


@pytest.fixture
def push(receiver: Receiver) -> Push:
    return push_to(receiver, NEW)


def push_to(receiver: Receiver, secret: str) -> Push:
    return Push(url=f"{receiver.url}/receive", secret=secret, shelf=MemoryShelf())


def test_a_notice_is_published_confirmed_and_withdrawn(push: Push) -> None:
    receipt = push.deliver(push.render(NOTICE), key="delivery-1")
    confirmed = push.confirm(key="delivery-1", receipt=receipt)
    page = requests.get(receipt.url, timeout=10).text
    push.withdraw(receipt, reason="数据有误")
    push.withdraw(receipt, reason="数据有误")

    gone = requests.get(receipt.url, timeout=10)
    assert confirmed is not None
    assert "收费公示 &lt;A&amp;B&gt;" in page
    assert "收费 表.pdf" in page
    assert push.confirm(key="delivery-1", receipt=receipt) is None
    assert (gone.status_code, "数据有误" in gone.text) == (410, True)
    assert push.check().is_well


def test_pictures_and_files_can_be_had(receiver: Receiver, push: Push) -> None:
    receipt = push.deliver(push.render(NOTICE), key="delivery-1")

    page = requests.get(receipt.url, timeout=10).text
    addresses = [part.partition('"')[0] for part in page.split('="/file/')[1:]]

    files = {requests.get(f"{receiver.url}/file/{each}", timeout=10).content for each in addresses}
    assert files == {DOT, b"%PDF-1"}


def test_a_repeat_publishes_nothing_more(push: Push) -> None:
    first = push.deliver(push.render(NOTICE), key="delivery-1")
    second = push.deliver(push.render(NOTICE), key="delivery-1")

    assert (first.remote_id, first.url) == (second.remote_id, second.url)
    assert "没有重复发送" in second.evidence


def test_four_parallel_sends_of_one_key_make_one_notice(receiver: Receiver) -> None:
    pushes = [push_to(receiver, NEW) for _ in range(4)]  # no lock in common
    rendition, found = pushes[0].render(NOTICE), list[str]()

    def send(push: Push) -> None:
        found.append(push.deliver(rendition, key="delivery-1").remote_id)

    threads = [threading.Thread(target=send, args=(push,)) for push in pushes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 4
    assert len(set(found)) == 1


def test_a_newer_edition_takes_the_place_under_the_same_address(push: Push) -> None:
    first = push.deliver(push.render(NOTICE), key="delivery-1")
    again = replace(NOTICE, title="更正后的公示", body="<p>以此为准。</p>", images=())
    second = push.deliver(push.render(again), key="delivery-2")

    assert first.url == second.url
    assert "更正后的公示" in requests.get(first.url, timeout=10).text
    assert push.confirm(key="delivery-1", receipt=first) is None
    assert push.confirm(key="delivery-2", receipt=second) is not None


def test_another_notice_under_a_used_key_is_refused(push: Push) -> None:
    push.deliver(push.render(NOTICE), key="delivery-1")

    with pytest.raises(PermanentError):
        push.deliver(push.render(replace(NOTICE, body="<p>别的</p>", images=())), key="delivery-1")


def test_a_file_above_the_limit_of_the_server_is_told_so(receiver: Receiver) -> None:
    receiver.kill()
    receiver.most_mb = 1
    receiver.start()
    push = push_to(receiver, NEW)
    file = Attachment(name="大.pdf", file=b"x" * (2**20 + 1), media_type="application/pdf")

    with pytest.raises(PermanentError) as caught:
        push.deliver(push.render(replace(NOTICE, attachments=(file,))), key="delivery-1")

    assert "“大.pdf”" in caught.value.advice
    assert "一次只收 1.0 MB" in push.check().advice


def test_what_never_came_is_not_there(push: Push) -> None:
    assert push.confirm(key="delivery-9", receipt=None) is None


def test_both_secrets_hold_while_one_is_being_changed(receiver: Receiver) -> None:
    for number, secret in enumerate((OLD, NEW)):
        push = push_to(receiver, secret)
        assert push.deliver(push.render(NOTICE), key="delivery-1") is not None, number


def test_a_wrong_secret_is_refused(receiver: Receiver) -> None:
    wrong = "whsec_" + base64.b64encode(b"x" * 32).decode()
    push = push_to(receiver, wrong)

    with pytest.raises(CredentialsError):
        push.deliver(push.render(NOTICE), key="delivery-1")

    assert push.check().is_signed_in is False


@pytest.mark.parametrize("changed", ["body", "time", "id", "query"])
def test_what_was_tampered_with_or_is_old_is_refused(receiver: Receiver, changed: str) -> None:
    body = b'{"type": "notice.withdrawn", "contract": 1, "data": {"key": "delivery-1"}}'
    at = int(time.time()) - (600 if changed == "time" else 0)
    signed = signature.headers([NEW], id="delivery-1.withdrawn", at=at, payload=body)
    if changed == "id":
        signed["webhook-id"] = "delivery-2.withdrawn"
    url = f"{receiver.url}/receive"
    if changed == "query":
        signed = signature.headers([NEW], id="x", at=at, payload=b"key=delivery-1")
        answer = requests.get(f"{url}?key=delivery-2", headers=signed, timeout=10)
    else:
        sent = body.replace(b"delivery-1", b"delivery-2") if changed == "body" else body
        answer = requests.post(url, data=sent, headers=signed, timeout=10)

    assert answer.status_code == 401
    assert answer.json()["contract"] == 1


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b'{"type": "x", "data": {}}', b'{"type": "notice.published"}',
             b'{"type": "notice.published", "data": {"key": "../x", "title": "a"}}',
             b'{"type": "notice.published", "data": {"key": "a", "title": " "}}', b"\xff\x00"]
)  # fmt: skip
def test_nonsense_that_is_signed_is_refused_plainly(receiver: Receiver, body: bytes) -> None:
    signed = signature.headers([NEW], id="x", at=int(time.time()), payload=body)

    answer = requests.post(f"{receiver.url}/receive", data=body, headers=signed, timeout=10)

    assert answer.status_code in (401, 422)
    assert answer.json()["detail"]


def test_the_bytes_of_a_file_cannot_be_sent_again_as_a_notice(receiver: Receiver) -> None:
    body = b'{"type": "notice.withdrawn", "timestamp": "", "data": {"key": "delivery-1"}}'
    digest = hashlib.sha256(body).hexdigest()
    signed = signature.headers([NEW], id=f"file.{digest}", at=int(time.time()), payload=body)
    url = f"{receiver.url}/receive"

    as_file = requests.post(f"{url}?file={digest}", data=body, headers=signed, timeout=10)
    as_notice = requests.post(url, data=body, headers=signed, timeout=10)

    assert (as_file.status_code, as_notice.status_code) == (200, 422)


def test_an_edition_that_was_overtaken_on_its_way_replaces_nothing(receiver: Receiver) -> None:
    push = push_to(receiver, NEW)
    newer = push.deliver(push.render(replace(NOTICE, title="更正后的公示")), key="delivery-2")
    late = message_of(push.render(NOTICE), key="delivery-1")
    message = {"type": "notice.published", "timestamp": "2020-01-01T00:00:00+00:00", "data": late}
    body = json.dumps(message).encode()
    signed = signature.headers([NEW], id="delivery-1.published", at=int(time.time()), payload=body)

    answer = requests.post(f"{receiver.url}/receive", data=body, headers=signed, timeout=10)

    assert answer.json()["state"] == "replaced"
    assert "更正后的公示" in requests.get(newer.url, timeout=10).text


def test_a_file_that_is_not_what_its_name_says_is_refused(receiver: Receiver) -> None:
    body = b"%PDF"
    signed = signature.headers([NEW], id="x", at=int(time.time()), payload=body)
    url = f"{receiver.url}/receive?file={'0' * 64}"

    assert requests.post(url, data=body, headers=signed, timeout=10).status_code == 422


@pytest.mark.parametrize("path", ["/file/../secrets", "/file/" + "0" * 64, "/notice/0", "/x"])
def test_nothing_else_of_the_machine_can_be_read(receiver: Receiver, path: str) -> None:
    assert requests.get(f"{receiver.url}{path}", timeout=10).status_code == 404


def test_a_receiver_that_is_killed_has_all_of_it_afterwards(receiver: Receiver, push: Push) -> None:
    receipt = push.deliver(push.render(NOTICE), key="delivery-1")

    receiver.kill()
    receiver.start()

    assert push.confirm(key="delivery-1", receipt=receipt) is not None
