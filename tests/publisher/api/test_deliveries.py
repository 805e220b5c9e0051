"""The ledger, and what a person says about a delivery."""

from __future__ import annotations

from datetime import date, timedelta

from publisher.errors import PermanentError, UnknownOutcomeError
from publisher.model.delivery import Delivery
from tests.publisher.api.office import LATER, Office
from tests.publisher.api.test_media import picture
from tests.publisher.api.test_problems import assert_problem, unchanged


def unconfirmed(office: Office) -> int:
    """A delivery whose answer was lost and that cannot be found."""
    office.site.answers[:] = [UnknownOutcomeError("the line was cut")]
    office.site.shows[:] = [UnknownOutcomeError("no answer")]
    office.approved(targets=["site"])
    number: int = office.get("/deliveries")["deliveries"][0]["id"]
    return number


def test_a_delivery_is_told_with_times_attempts_and_advice(office: Office) -> None:
    number = unconfirmed(office)

    told = office.get(f"/deliveries/{number}")

    assert told["state"] == "unconfirmed"
    assert told["advice"].startswith("平台的答复丢失了")
    assert told["due_at"].endswith("+08:00")
    assert (told["accepted_at"], told["confirmed_at"], told["remote_id"]) == (None, None, None)
    assert told["channel"] == "office"  # the module that the toy is from
    attempt = told["attempts"][0]
    assert (attempt["step"], attempt["outcome"]) == ("deliver", "UnknownOutcomeError")
    assert attempt["said"] == "the line was cut"
    assert attempt["ended_at"] >= attempt["started_at"]


def test_a_person_settles_what_no_machine_knows(office: Office) -> None:
    number = unconfirmed(office)

    told = office.post(
        f"/deliveries/{number}/settlement",
        by="吴凡",
        outcome="delivered",
        url="http://127.0.0.1/1.html",
        note="打开网页看到了",
    )

    assert (told["state"], told["url"]) == ("confirmed", "http://127.0.0.1/1.html")
    assert office.get("/items")["items"][0]["status"] == "published"


def test_a_screenshot_is_uploaded_first_and_kept_with_what_was_seen(office: Office) -> None:
    number = unconfirmed(office)
    path = f"/deliveries/{number}/settlement"
    stored = office.ask("POST", "/media", files={"file": ("截图.png", picture())}).json()
    said = {"outcome": "delivered", "note": "看到了"}

    unknown = office.ask("POST", path, by="吴凡", json=said | {"picture": "0" * 64})
    told = office.post(path, by="吴凡", **said, picture=stored["digest"])

    assert_problem(unknown, 422, "not_found", "picture")
    assert told["state"] == "confirmed"
    with office.app.database.reads() as session:
        seen = session.get_one(Delivery, number).observations[-1]
    assert (seen.picture, seen.source) == (stored["digest"], "吴凡")


def test_a_settlement_that_cannot_be_right_is_refused(office: Office) -> None:
    number = unconfirmed(office)
    path = f"/deliveries/{number}/settlement"
    said = {"outcome": "delivered", "note": "看到了"}

    with unchanged(office):
        by_an_author = office.ask("POST", path, json=said)
        unheard_of = office.ask("POST", path, by="吴凡", json=said | {"outcome": "maybe"})
        no_note = office.ask("POST", path, by="吴凡", json=said | {"note": " "})
        bad_url = office.ask("POST", path, by="吴凡", json=said | {"url": "javascript:1"})

    assert_problem(by_an_author, 403, "not_allowed")
    assert_problem(unheard_of, 422, "invalid", "outcome")
    assert_problem(no_note, 422, "empty", "note")
    assert_problem(bad_url, 422, "invalid", "url")


def test_a_failed_delivery_is_sent_again_and_an_unconfirmed_one_never(office: Office) -> None:
    number = unconfirmed(office)
    with unchanged(office):
        blind = office.ask("POST", f"/deliveries/{number}/retry", by="吴凡")
    office.post(
        f"/deliveries/{number}/settlement", by="吴凡", outcome="not_delivered", note="网页上没有"
    )
    office.site.answers[:] = [PermanentError("refused")]

    office.post(f"/deliveries/{number}/retry", by="吴凡")
    office.rest()

    assert_problem(blind, 409, "wrong_state")
    assert office.get(f"/deliveries/{number}")["state"] == "failed"
    assert len(office.site.sent) == 2


def test_the_ledger_is_filtered_and_comes_in_pages(office: Office) -> None:
    first = office.approved(publish_at=LATER)
    second = office.approved(publish_at=LATER)

    page = office.get("/deliveries?limit=3&state=planned&target=&item=")
    rest = office.get(f"/deliveries?limit=3&cursor={page['next']}")

    assert [d["id"] for d in page["deliveries"] + rest["deliveries"]] == [4, 3, 2, 1]
    assert rest["next"] is None
    assert {d["item"] for d in office.get(f"/deliveries?item={first}")["deliveries"]} == {first}
    board = office.get(f"/deliveries?target=board&item={second}")["deliveries"]
    assert [(d["target"], d["item"]) for d in board] == [("board", second)]
    assert office.get("/deliveries?state=failed") == {"deliveries": [], "next": None}


def test_a_filter_that_makes_no_sense_is_refused(office: Office) -> None:
    assert_problem(office.ask("GET", "/deliveries?state=gone"), 422, "invalid", "state")
    assert_problem(office.ask("GET", "/deliveries?item=x"), 422, "invalid", "item")
    assert_problem(office.ask("GET", f"/deliveries?cursor={2**63}"), 422, "invalid", "cursor")
    assert_problem(office.ask("GET", "/deliveries?limit=201"), 422, "invalid", "limit")


def test_a_delivery_of_a_target_that_is_gone_is_still_told(office: Office) -> None:
    office.approved(publish_at=LATER, targets=["board"])
    del office.app.channels["board"]

    told = office.get("/deliveries")["deliveries"][0]

    assert (told["target"], told["channel"]) == ("board", "")


def test_what_waits_goes_ahead_when_a_person_says_so(office: Office) -> None:
    office.site.answers[:] = [UnknownOutcomeError("the line was cut")]
    office.site.shows[:] = [UnknownOutcomeError("no answer")]
    office.approved(targets=["site", "board"])
    board, site = office.get("/deliveries")["deliveries"]
    assert (board["state"], board["after"]) == ("planned", site["id"])
    assert board["waits_until"] > board["due_at"]
    path = f"/deliveries/{board['id']}/go-ahead"

    with unchanged(office):
        by_an_author = office.ask("POST", path, json={"reason": "急"})
        no_reason = office.ask("POST", path, by="吴凡", json={"reason": " "})
    office.post(path, by="吴凡", reason="学院催得急")
    office.rest()

    assert_problem(by_an_author, 403, "not_allowed")
    assert_problem(no_reason, 422, "empty", "reason")
    assert len(office.board.sent) == 1
    again = office.ask("POST", path, by="吴凡", json={"reason": "急"})
    assert_problem(again, 409, "wrong_state")


def test_what_failed_is_left_when_a_person_says_so(office: Office) -> None:
    office.board.answers[:] = [PermanentError("closed")]
    office.approved(targets=["board"])
    [failed] = office.get("/deliveries")["deliveries"]
    path = f"/deliveries/{failed['id']}/abandonment"

    told = office.post(path, by="吴凡", reason="讲座已经结束")

    assert (told["state"], told["advice"]) == ("failed", "已决定不再发，无需处理")
    again = office.ask("POST", path, by="吴凡", json={"reason": "再来"})
    assert_problem(again, 409, "wrong_state")


def test_a_display_ends_everywhere_counted_from_when_it_was_seen(office: Office) -> None:
    number = office.approved(targets=["site", "board"], display_days=5)

    told = office.get(f"/items/{number}")

    ends = {one["expires_at"] for one in told["deliveries"]}
    seen_on = date.fromisoformat(told["deliveries"][0]["confirmed_at"][:10])
    [end] = ends
    assert end.endswith("T00:00:00+08:00")
    assert date.fromisoformat(end[:10]) - seen_on > timedelta(days=5)
