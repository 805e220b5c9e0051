"""The channel against the practice outlet, in the manner of each OneBot server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from channels.qq_notice import QQNotice
from publisher.channel import Content, Receipt, Rendition
from publisher.errors import ChannelError, PermanentError, RetryableError, UnknownOutcomeError
from tests.channels.test_group_words import drawn
from tests.rehearsal import Rehearsal, running

GROUP = 100001  # the bot is an administrator there
SEND = "_send_group_notice"
NOTICE = Content(
    title="关于东校区停水的通知",
    body="",
    summary="周六 9:00 停水，请储水 <两桶> & 互相转告。",
    link="https://www.example.edu.cn/info/1.html?a=1&copy=2",
    images=(drawn((300, 200)),),
)
PROFILES = ["napcat", "llbot", "snowluma", "lagrange", "gocq"]


@pytest.fixture(scope="module")
def outlets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    with running(tmp_path_factory.mktemp("rehearsal")) as outlets:
        yield outlets


@pytest.fixture
def rehearsal(outlets: Rehearsal) -> Rehearsal:
    outlets.clear("onebot")
    return outlets


@pytest.fixture
def notice(request: pytest.FixtureRequest) -> Content:
    """A notice with words of its own, for the tests share one outlet."""
    return replace(NOTICE, title=f"{NOTICE.title} {request.node.name}")


@pytest.fixture
def qq(rehearsal: Rehearsal, tmp_path: Path) -> QQNotice:
    return QQNotice(
        base_url=f"{rehearsal.url}/onebot",
        access_token="rehearsal-token",
        groups=(GROUP,),
        folder=tmp_path / "qq",
        reads_back_after_s=0.0,
    )


def shown(rehearsal: Rehearsal, rendition: Rendition) -> list[dict[str, Any]]:
    """What members of the group see of it."""
    notices: list[dict[str, Any]] = rehearsal.visible("onebot")["notices"][str(GROUP)]
    return [notice for notice in notices if notice["text"] == rendition.body.decode()]


def rendered(qq: QQNotice, notice: Content, profile: str) -> Rendition:
    """Render it; Lagrange.OneBot takes no picture."""
    return qq.render(replace(notice, images=()) if profile == "lagrange" else notice)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_notice_goes_up_and_comes_down(
    rehearsal: Rehearsal, qq: QQNotice, notice: Content, profile: str
) -> None:
    rehearsal.change("onebot", profile=profile)
    rendition = rendered(qq, notice, profile)

    receipt = qq.deliver(rendition, key="delivery-7")

    [seen] = shown(rehearsal, rendition)
    assert bool(seen["image"]) is (profile != "lagrange")
    assert (seen["pinned"], seen["confirm_required"], seen["popup"]) == (False, True, False)
    assert qq.check().is_well
    assert qq.confirm(key="delivery-7", receipt=receipt) == receipt

    qq.withdraw(receipt, reason="时间有变")

    assert shown(rehearsal, rendition) == []
    assert qq.confirm(key="delivery-7", receipt=receipt) is None


@pytest.mark.parametrize(
    ("fault", "value", "is_there"),
    [
        ("lost_answer", None, True),
        ("error_5xx_after", None, True),
        ("empty_200", "effect", True),
        ("html_200", "effect", True),
        ("cut_before", None, False),
        ("refuse", None, False),
        ("error_5xx_before", None, False),
    ],
)
def test_a_lost_answer_is_looked_up(
    rehearsal: Rehearsal,
    qq: QQNotice,
    notice: Content,
    fault: str,
    value: str | None,
    is_there: bool,
) -> None:
    rehearsal.change("onebot", profile="napcat")
    rehearsal.fault("onebot", SEND, fault, value=value)
    rendition = qq.render(notice)

    with pytest.raises(UnknownOutcomeError):
        qq.deliver(rendition, key="delivery-7")
    seen = qq.confirm(key="delivery-7", receipt=None)
    qq.deliver(rendition, key="delivery-7")

    assert (seen is not None) is is_there
    assert len(shown(rehearsal, rendition)) == 1


@pytest.mark.parametrize("profile", ["napcat", "llbot", "snowluma", "lagrange"])
@pytest.mark.parametrize(("value", "is_there"), [(None, False), ("effect", True)])
def test_a_timeout_inside_the_server_proves_nothing(
    rehearsal: Rehearsal,
    qq: QQNotice,
    notice: Content,
    profile: str,
    value: str | None,
    is_there: bool,
) -> None:
    rehearsal.change("onebot", profile=profile)
    rehearsal.fault("onebot", SEND, "timeout_nt", value=value)

    with pytest.raises(UnknownOutcomeError):
        qq.deliver(rendered(qq, notice, profile), key="delivery-7")

    assert (qq.confirm(key="delivery-7", receipt=None) is not None) is is_there


@pytest.mark.parametrize("profile", PROFILES)
def test_a_yes_that_published_nothing_is_found_out(
    rehearsal: Rehearsal, qq: QQNotice, notice: Content, profile: str
) -> None:
    rehearsal.change("onebot", profile=profile)
    rehearsal.fault("onebot", SEND, "false_ok")

    receipt = attempted(qq, rendered(qq, notice, profile))

    assert qq.confirm(key="delivery-7", receipt=receipt) is None


def attempted(qq: QQNotice, rendition: Rendition) -> Receipt | None:
    """Deliver; None where the server's yes was not believed."""
    try:
        return qq.deliver(rendition, key="delivery-7")
    except UnknownOutcomeError:
        return None


@pytest.mark.parametrize("profile", PROFILES)
def test_a_deletion_that_did_nothing_is_noticed(
    rehearsal: Rehearsal, qq: QQNotice, notice: Content, profile: str
) -> None:
    rehearsal.change("onebot", profile=profile)
    rendition = rendered(qq, notice, profile)
    receipt = qq.deliver(rendition, key="delivery-7")
    action = "_delete_group_notice" if profile == "llbot" else "_del_group_notice"
    rehearsal.fault("onebot", action, "false_ok")

    with pytest.raises(RetryableError):
        qq.withdraw(receipt, reason="时间有变")
    qq.withdraw(receipt, reason="时间有变")

    assert shown(rehearsal, rendition) == []


@pytest.mark.parametrize(
    ("group", "expected"),
    [(100009, PermanentError), (100010, RetryableError), (55, PermanentError)],
)
def test_a_group_where_the_bot_may_not_publish_is_named_and_left_alone(
    rehearsal: Rehearsal,
    qq: QQNotice,
    notice: Content,
    group: int,
    expected: type[ChannelError],
) -> None:
    rehearsal.change("onebot", profile="napcat")
    part = qq.part(str(group))

    with pytest.raises(expected):
        part.deliver(part.render(notice), key="delivery-7")

    assert f"群 {group}" in part.check().advice
