"""The life of a notice, from a Word file to four channels and back: real process, real sockets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from publisher.channel import CAMPUS_TIME
from tests.story.college import College, college, word_notice
from tests.story.screens import players

EVERYWHERE = "website,wechat,screens,qq"


def test_one_notice_reaches_four_channels_on_time_and_comes_down_again(tmp_path: Path) -> None:
    with college(tmp_path) as ours, players(ours, "library", "canteen"):
        notice = word_notice(tmp_path)
        in_a_moment = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=25)

        # Lin Xiao queues a Word file and submits it
        item = ours.queue(notice, to=EVERYWHERE, at=in_words(in_a_moment))
        told = ours.item(item)
        assert told["title"] == "关于图书馆闭馆的通知"
        assert told["status"] == "in_review"
        assert [one["target"] for one in told["renditions"]] == EVERYWHERE.split(",")

        # three people approve exactly what they saw; then it is planned, and nothing is out yet
        ours.approve(item)
        assert set(ours.states(item).values()) == {"planned"}
        assert len(ours.states(item)) == 6  # site, account, two screens, two groups
        assert ours.articles() == []
        address = f"{ours.site}/info/2026/{told['index_number']}.html"
        assert ours.page(address).status_code == 404

        # its moment comes: the website first, then the others with its address
        ours.until(lambda: ours.states(item)["website"] == "confirmed", "the website shows it")
        ours.until_all(item, "confirmed")

        page = ours.page(address)
        assert page.status_code == 200
        assert "因消防检修，图书馆本周六闭馆一天" in page.text
        [article] = ours.articles()
        assert article["title"] == "关于图书馆闭馆的通知"
        assert article["source_url"].startswith(address)
        for group in (100001, 100002):
            [shown] = ours.notices(group)
            assert address in shown["text"]
        assert ours.item(item)["status"] == "published"

        # nothing went out before its time, and nothing before the website
        started = {
            one["target"]: datetime.fromisoformat(one["attempts"][0]["started_at"])
            for one in ours.item(item)["deliveries"]
        }
        assert in_a_moment <= started["website"] == min(started.values())

        # it was wrong: one act takes it down everywhere, and each place is read back
        ours.withdraw(item, "日期有误，另行通知")
        ours.until_all(item, "withdrawn")

        gone = ours.page(address)
        assert "已撤回" in gone.text
        assert "日期有误，另行通知" in gone.text
        assert "消防检修" not in gone.text
        assert ours.articles() == []
        assert ours.notices(100001) == ours.notices(100002) == []
        assert ours.on_screen("library") == ours.on_screen("canteen") == []
        assert ours.item(item)["status"] == "withdrawn"


def test_comes_down_by_itself_at_its_planned_end(tmp_path: Path) -> None:
    with college(tmp_path) as ours:
        soon = datetime.now(UTC) + timedelta(seconds=60)
        item = ours.queue(word_notice(tmp_path), to="website,qq", until=in_words(soon))

        ours.approve(item)
        ours.until_all(item, "confirmed")
        ours.until_all(item, "expired")

        assert ours.notices(100001) == []
        assert "公开期限已满" in ours.page(ours.item(item)["url"]).text


def test_a_power_cut_while_the_answer_is_awaited_neither_loses_nor_doubles(tmp_path: Path) -> None:
    with college(tmp_path) as ours:
        shorten_the_lease(ours)
        ours.fault("onebot", "_send_group_notice", "slow", value=20)

        item = ours.queue(word_notice(tmp_path), to="qq")
        ours.approve(item)
        ours.until(lambda: "sending" in ours.states(item).values(), "one group is being sent")
        ours.kill()
        ours.start()
        ours.until_all(item, "confirmed")

        assert len(ours.notices(100001)) == len(ours.notices(100002)) == 1


def test_an_answer_lost_on_the_way_back_is_looked_up_and_never_sent_twice(tmp_path: Path) -> None:
    with college(tmp_path) as ours:
        ours.fault("onebot", "_send_group_notice", "lost_answer", times=2)

        item = ours.queue(word_notice(tmp_path), to="qq")
        ours.approve(item)
        ours.until_all(item, "confirmed")

        assert len(ours.notices(100001)) == len(ours.notices(100002)) == 1
        outcomes = [a["outcome"] for d in ours.item(item)["deliveries"] for a in d["attempts"]]
        assert outcomes == ["UnknownOutcomeError", "UnknownOutcomeError"]


def test_one_outlets_trouble_stays_its_own(tmp_path: Path) -> None:
    with college(tmp_path) as ours:
        ours.fault("wechat", "*", "error_5xx_before", times=None)

        item = ours.queue(word_notice(tmp_path), to="website,wechat,qq")
        ours.approve(item)
        ours.until(
            lambda: [s for t, s in ours.states(item).items() if t != "wechat"] == ["confirmed"] * 3,
            "website and both groups show it",
        )

        assert ours.states(item)["wechat"] == "planned"
        assert ours.item(item)["status"] == "partly_published"


def in_words(moment: datetime) -> str:
    """Return a moment as staff type it."""
    return moment.astimezone(CAMPUS_TIME).strftime("%Y-%m-%d %H:%M:%S")


def shorten_the_lease(ours: College) -> None:
    """Give a dead worker's claim up sooner than after three minutes."""
    ours.stop()
    path = ours.home / "config" / "publisher.toml"
    text = path.read_text(encoding="utf-8").replace("lease_s = 180.0", "lease_s = 8.0")
    path.write_text(text, encoding="utf-8")
    ours.start()
