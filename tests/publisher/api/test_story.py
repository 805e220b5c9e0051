"""One notice from draft to withdrawal, told by programs alone."""

from __future__ import annotations

from publisher.channel import Receipt
from tests.publisher.api.office import STAGES, Office


def test_a_notice_goes_from_draft_to_withdrawal(office: Office) -> None:
    office.site.answers[:] = [Receipt(remote_id="p1", url="http://127.0.0.1/1.html")]

    drafted = office.post(
        "/items",
        title="停水通知",
        body_markdown="周六 **9:00** 停水",
        department="后勤管理处",
        targets=["board", "site"],
    )
    assert drafted["status"] == "draft"
    assert drafted["digest"] is None
    assert drafted["findings"] == []
    assert [(r["target"], r["digest"], r["problems"]) for r in drafted["renditions"]] == [
        ("board", None, []),
        ("site", None, []),
    ]

    path = f"/items/{drafted['id']}"
    submission = office.post(f"{path}/submission")
    assert submission["edition"] == 1
    assert submission["status"] == "in_review"
    for stage, reviewer in STAGES.items():
        review = {"stage": stage, "verdict": "approve", "digest": submission["digest"]}
        office.post(f"{path}/reviews", by=reviewer, **review)
    office.rest()

    published = office.get(path)
    assert published["status"] == "published"
    assert published["url"] == "http://127.0.0.1/1.html"
    assert published["index_number"] == submission["index_number"]
    assert [review["person"] for review in published["reviews"]] == list(STAGES.values())
    site, board = published["deliveries"]
    assert (site["target"], site["state"], site["remote_id"]) == ("site", "confirmed", "p1")
    assert [(a["step"], a["outcome"]) for a in site["attempts"]] == [("deliver", "accepted")]
    assert (board["target"], board["state"]) == ("board", "confirmed")
    assert len(office.site.sent) == len(office.board.sent) == 1

    office.site.shows[:] = office.board.shows[:] = [None]
    withdrawn = office.post(f"{path}/withdrawal", by="陈敏", reason="时间有误")
    assert withdrawn["status"] == "withdrawing"
    office.rest()
    told = office.get(path)
    assert told["withdrawal_reason"] == "时间有误"
    assert office.site.withdrawn == ["p1"]
    assert told["status"] == "withdrawn"
    assert {d["state"] for d in told["deliveries"]} == {"withdrawn"}
