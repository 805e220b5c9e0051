from __future__ import annotations

from tests.publisher.api.office import Office


def test_an_emergency_goes_out_early_and_says_what_is_still_to_be_reviewed(office: Office) -> None:
    number, digest = office.submitted(urgency="emergency")

    told = office.ask(
        "POST",
        f"/items/{number}/expedition",
        by="陈敏",
        json={"digest": digest, "reason": "台风红色预警"},
    )

    assert told.status_code == 201
    assert told.json()["risk"] == "emergency"
    assert told.json()["chain"] == ["department", "office", "secrecy"]
    assert [given["stage"] for given in told.json()["reviews"]] == ["office"]
    assert told.json()["expedited_at"] is not None
    assert told.json()["reviewed_at"] is None


def test_an_ordinary_notice_is_not_let_out_early(office: Office) -> None:
    number, digest = office.submitted()

    told = office.ask(
        "POST",
        f"/items/{number}/expedition",
        by="陈敏",
        json={"digest": digest, "reason": "急"},
    )

    assert (told.status_code, told.json()["code"]) == (409, "may_not_expedite")
    assert office.get(f"/items/{number}")["status"] == "in_review"
