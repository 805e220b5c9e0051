"""Only a machine that a person has accepted is shown anything, or believed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from channels.screens import Screens
from channels.screens.pairing import CODE_LIVES, MOST_TRIES, MOST_WAITING, Pairing, PairingError
from channels.screens.store import Store
from publisher.channel import Content
from publisher.errors import UnfitError
from tests.channels.screens.scene import Site

NOW = datetime(2026, 11, 27, 4, 0, tzinfo=UTC)
NONCE = "0f" * 32
OTHER = "1e" * 32


@pytest.fixture
def pairing(tmp_path: Path) -> Pairing:
    return Pairing(store=Store(folder=tmp_path))


def accepted(pairing: Pairing, nonce: str = NONCE) -> str:
    """Pair a machine and return its token."""
    code = pairing.ask("library", nonce, at=NOW)
    assert code is not None
    pairing.accept("library", code, at=NOW)
    return pairing.take("library", nonce, agent="Chromium", address="10.0.0.7", at=NOW)


def test_the_code_stays_the_same_while_it_holds_and_is_another_afterwards(
    pairing: Pairing,
) -> None:
    codes = {pairing.ask("library", NONCE, at=NOW) for _ in range(3)}
    later = pairing.ask("library", NONCE, at=NOW + CODE_LIVES + timedelta(seconds=1))

    assert len(codes) == 1
    assert later is not None
    with pytest.raises(PairingError):
        pairing.take("library", NONCE, agent="", address="", at=NOW)


def test_a_machine_whose_code_was_typed_is_the_screen(pairing: Pairing) -> None:
    token = accepted(pairing)

    assert pairing.is_known("library", token)
    assert not pairing.is_known("canteen", token)
    assert not pairing.is_known("library", token[:-1])
    machine = pairing.machine("library")
    assert machine is not None
    assert (machine.agent, machine.address) == ("Chromium", "10.0.0.7")


def test_a_token_is_given_once(pairing: Pairing) -> None:
    accepted(pairing)

    with pytest.raises(PairingError):
        pairing.take("library", NONCE, agent="", address="", at=NOW)


def test_the_next_machine_takes_the_place_of_the_first(pairing: Pairing) -> None:
    first = accepted(pairing)
    second = accepted(pairing, OTHER)

    assert not pairing.is_known("library", first)
    assert pairing.is_known("library", second)


def test_a_released_machine_is_nobody(pairing: Pairing) -> None:
    token = accepted(pairing)

    pairing.release("library")

    assert not pairing.is_known("library", token)


def test_a_code_may_be_typed_with_a_space(pairing: Pairing) -> None:
    code = pairing.ask("library", NONCE, at=NOW)
    assert code is not None

    pairing.accept("library", f" {code[:3]} {code[3:]} ", at=NOW)

    assert pairing.ask("library", NONCE, at=NOW) is None


def test_guessing_ends_after_some_tries_and_the_screen_shows_a_new_code(pairing: Pairing) -> None:
    code = pairing.ask("library", NONCE, at=NOW)
    assert code is not None
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for _ in range(MOST_TRIES):
        with pytest.raises(PairingError, match="不对"):
            pairing.accept("library", wrong, at=NOW)

    with pytest.raises(PairingError):
        pairing.accept("library", code, at=NOW)
    pairing.ask("library", NONCE, at=NOW)
    assert pairing.asking(at=NOW) == {"library"}


def test_a_code_for_one_screen_opens_no_other(pairing: Pairing) -> None:
    code = pairing.ask("library", NONCE, at=NOW)
    pairing.ask("canteen", OTHER, at=NOW)
    assert code is not None

    with pytest.raises(PairingError):
        pairing.accept("canteen", "" if code == "000000" else code, at=NOW)


def test_a_crowd_of_machines_fills_no_disk(pairing: Pairing) -> None:
    for number in range(MOST_WAITING):
        pairing.ask("library", f"{number:032x}", at=NOW)

    with pytest.raises(PairingError, match="太多"):
        pairing.ask("library", NONCE, at=NOW)


# ---- over HTTP


@dataclass
class Machine:
    """A kiosk browser at the address of a screen."""

    url: str
    nonce: str = NONCE
    session: requests.Session = field(default_factory=requests.Session)

    def asks(self) -> requests.Response:
        return self.session.post(f"{self.url}/pairing", json={"nonce": self.nonce}, timeout=10)

    def looks(self) -> requests.Response:
        return self.session.get(f"{self.url}/manifest.json", timeout=10)

    def beats(self) -> requests.Response:
        state = {"version": 0, "key": "", "keys": []}
        return self.session.post(f"{self.url}/heartbeat", json=state, timeout=10)


@pytest.fixture
def paired_site(tmp_path: Path) -> Iterator[Site]:
    """Two screens that take accepted machines only."""
    screens = Screens(
        base_url="http://screens.invalid",
        screens=("library", "canteen"),
        folder=tmp_path / "screens",
        poll_s=1.0,
    )
    site = Site(screens=screens)
    site.start()
    yield site
    site.stop()


@pytest.fixture
def machine(paired_site: Site) -> Iterator[Machine]:
    machine = Machine(url=f"{paired_site.url}/screen/library")
    yield machine
    machine.session.close()


def test_a_machine_that_nobody_accepted_gets_nothing_and_is_not_believed(
    paired_site: Site, machine: Machine
) -> None:
    library = paired_site.screens.part("library")
    library.deliver(library.render(Content(title="仅限校内", body="<p>名单</p>")), key="d-1")
    report = [{"id": "1", "key": "d-1", "event": "shown", "from": NOW.isoformat()}]

    answers = [
        machine.looks(),
        machine.beats(),
        machine.session.post(f"{machine.url}/reports", json=report, timeout=10),
        machine.session.get(f"{machine.url}/events", timeout=10),
    ]

    assert [answer.status_code for answer in answers] == [401] * 4
    assert {answer.json()["code"] for answer in answers} == {"not_paired"}
    assert all("仅限校内" not in answer.text for answer in answers)


def test_a_machine_is_accepted_by_the_code_it_shows(paired_site: Site, machine: Machine) -> None:
    code = machine.asks().json()["code"]
    [waiting, _] = paired_site.screens.devices()
    paired_site.screens.accept("library", code)

    answer = machine.asks()

    assert waiting.asks
    assert not waiting.is_accepted
    assert answer.status_code == 204
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert "SameSite=strict" in answer.headers["Set-Cookie"]
    assert machine.looks().status_code == 200
    assert machine.beats().status_code == 204
    [library, canteen] = paired_site.screens.devices()
    assert library.is_accepted
    assert not library.trouble
    assert "配对码" in canteen.trouble


def test_the_token_of_one_screen_opens_no_other(paired_site: Site, machine: Machine) -> None:
    paired_site.screens.accept("library", machine.asks().json()["code"])
    machine.asks()
    [(name, token)] = machine.session.cookies.items()
    other = {"Cookie": f"{name}={token}"}

    answer = requests.get(
        f"{paired_site.url}/screen/canteen/manifest.json", headers=other, timeout=10
    )

    assert answer.status_code == 401


def test_a_released_machine_is_told_so(paired_site: Site, machine: Machine) -> None:
    paired_site.screens.accept("library", machine.asks().json()["code"])
    machine.asks()

    paired_site.screens.release("library")

    assert machine.looks().json()["code"] == "not_paired"


@pytest.mark.parametrize("nonce", ["", "x", "../../", 7, None, "ab" * 40])
def test_nonsense_is_no_nonce(machine: Machine, nonce: object) -> None:
    answer = requests.post(f"{machine.url}/pairing", json={"nonce": nonce}, timeout=10)

    assert answer.status_code == 422


def test_a_screen_that_is_not_there_is_named(paired_site: Site) -> None:
    with pytest.raises(UnfitError) as caught:
        paired_site.screens.accept("gate", "123456")

    assert caught.value.field == "screen"


def test_nobody_looks_in_from_outside(paired_site: Site) -> None:
    answer = requests.get(f"{paired_site.url}/screen/library?preview", timeout=10)

    assert answer.status_code == 403
    assert "登录后台" in answer.text
