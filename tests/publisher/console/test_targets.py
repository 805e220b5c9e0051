from __future__ import annotations

from publisher import clock
from publisher.channel import Health
from publisher.model.lane import Lane
from publisher.model.target import Target
from tests.publisher.console.office import Office, words


def card(office: Office, name: str = "site", *, by: str = "吴凡") -> str:
    """Return the words of the card of one target."""
    return words(office.of(by).get("/targets").xpath(f"//section[@id='{name}']")[0])


def test_a_target_that_was_never_asked_says_so(office: Office) -> None:
    assert "还没检查" in card(office)
    assert "图书馆、食堂" in card(office, "walls")


def test_asking_shows_the_answer_at_once(office: Office) -> None:
    office.site.troubles[:] = [
        Health(
            is_reachable=True,
            is_signed_in=True,
            quota_left=99,
            quota_unit="次群发（今日）",
            note="草稿箱有 0 篇",
        )
    ]

    page = office.of("吴凡").post("/targets/site/check")

    assert "检查完毕" in words(page)
    shown = card(office)
    for what in ("正常", "已登录", "99 次群发（今日）", "草稿箱有 0 篇"):
        assert what in shown


def test_a_target_in_trouble_says_what_to_do(office: Office) -> None:
    office.site.troubles[:] = [Health(is_reachable=False, advice="请检查网线")]

    office.of("吴凡").post("/targets/site/check")

    assert "连不上" in card(office)
    assert "请检查网线" in card(office)


def test_an_account_that_is_signed_out_says_what_to_do(office: Office) -> None:
    office.site.troubles[:] = [Health(is_reachable=True, is_signed_in=False)]

    office.of("吴凡").post("/targets/site/check")

    assert "请到平台上重新登录账号" in card(office)


def test_a_paused_target_sends_nothing_until_it_is_resumed(office: Office) -> None:
    office.of("吴凡").post("/pauses", scope="target:site", reason="栏目调整")

    number = office.approved(targets=["site"])
    paused = [d.state for d in office.deliveries(number)]
    shown = card(office)
    page = office.of("吴凡").post("/resumptions", scope="target:site")
    office.rest()

    assert paused == ["planned"]
    assert "吴凡 今天" in shown
    assert "栏目调整" in shown
    assert "已恢复发送" in words(page)
    assert [d.state for d in office.deliveries(number)] == ["confirmed"]


def test_a_pause_without_a_reason_goes_back(office: Office) -> None:
    page = office.of("吴凡").post("/pauses", status=422, scope="target:site", reason=" ")

    assert "请写明暂停的原因" in words(page.xpath("//*[@id='site-fault']")[0])
    assert page.xpath("//details[@id='site-pause']/@open") is not None
    assert "已暂停" not in card(office)


def test_the_reason_of_a_pause_has_a_limit(office: Office) -> None:
    visit = office.of("吴凡")

    visit.post("/pauses", status=422, scope="target:site", reason="字" * 501)
    before = card(office)
    visit.post("/pauses", scope="target:site", reason="字" * 500)

    assert "已暂停" not in before
    assert "已暂停" in card(office)


KIND = "channel:office"  # of all toy channels: the last name of their module


def scopes(office: Office) -> str:
    """Return the words about everything and about channels."""
    return words(office.of("吴凡").get("/targets").xpath("//section[@id='pauses']")[0])


def test_everything_is_paused_and_resumed_and_every_page_says_so(office: Office) -> None:
    visit = office.of("吴凡")
    page = visit.post("/pauses", scope="everything", reason="全校停电")
    banner = words(office.of("林晓").get("/items"))
    number = office.approved(targets=["site"])
    held = [d.state for d in office.deliveries(number)]
    shown = card(office, "board")

    after = visit.post("/resumptions", scope="everything")
    office.rest()

    assert "到时间的投递先排队；撤下照常进行" in words(page)
    assert "全部发布已暂停：全校停电（吴凡，今天" in banner
    assert "撤下照常进行" in banner
    assert "全部发布：吴凡 今天" in shown
    assert held == ["planned"]
    assert "全部发布已暂停" not in words(after)
    assert [d.state for d in office.deliveries(number)] == ["confirmed"]


def test_a_channel_is_paused_and_each_of_its_targets_says_so(office: Office) -> None:
    office.of("吴凡").post("/pauses", scope=KIND, reason="账号迁移")

    assert "账号迁移" in scopes(office)
    assert "已暂停" in card(office, "board")
    assert "（整个渠道）：吴凡 今天" in card(office, "walls")
    assert "全部发布已暂停" not in words(office.of("吴凡").get("/items"))


def test_a_narrow_pause_stays_when_a_wide_one_is_lifted(office: Office) -> None:
    visit = office.of("吴凡")
    visit.post("/pauses", scope="target:site", reason="栏目调整")
    visit.post("/pauses", scope="everything", reason="全校停电")
    both = card(office)

    visit.post("/resumptions", scope="everything")

    assert "栏目调整" in both
    assert "全校停电" in both
    assert "已暂停" in card(office)
    assert "已暂停" not in card(office, "board")


def test_a_refused_reason_is_shown_at_the_scope_it_was_typed_for(office: Office) -> None:
    page = office.of("吴凡").post("/pauses", status=422, scope="everything", reason=" ")

    assert page.xpath("//details[@open]/@id") == ["everything-pause"]
    assert "请写明暂停的原因" in words(page.xpath("//*[@id='everything-fault']")[0])


def test_an_account_that_is_spared_says_since_when_and_is_set_going_by_a_person(
    office: Office,
) -> None:
    with office.app.database.sessions.begin() as session:
        at = clock.now()
        session.add(
            Lane(name="site", breaker="open", opened_at=at, probe_at=at, advice="请检查密钥")
        )
    halted = card(office)

    office.of("吴凡").post("/resumptions", scope="target:site")

    assert "已自动停发" in halted
    assert "起自动停发：请检查密钥。今天" in halted
    assert "再问平台，平台好了会自动恢复" in halted
    assert "恢复发送" in halted
    assert "停发" not in card(office)


def test_an_account_on_trial_says_so(office: Office) -> None:
    with office.app.database.sessions.begin() as session:
        session.add(Lane(name="site", breaker="half_open", opened_at=clock.now(), advice=""))

    assert "正在试发一条" in card(office)


def test_only_those_who_run_targets_have_buttons(office: Office) -> None:
    page = office.of("林晓").get("/targets")
    after = office.of("林晓").post("/pauses", status=409, scope="target:site", reason="x")

    assert not page.xpath("//main//button")
    assert "没有暂停或恢复发布目标的权限" in words(page)
    assert "没有暂停或恢复发布目标的权限" in words(after)


def test_a_target_that_is_not_configured_is_not_found(office: Office) -> None:
    visit = office.of("吴凡")

    visit.post("/targets/nowhere/check", status=404)
    for act in ("/pauses", "/resumptions"):
        visit.post(act, status=404, scope="target:nowhere", reason="x")


def test_who_runs_targets_finds_troubles_among_the_tasks(office: Office) -> None:
    with office.app.database.sessions.begin() as session:
        session.add(Target(name="board", health={"is_reachable": False, "advice": "请检查网线"}))

    operator = words(office.of("吴凡").get("/agenda").xpath("//*[@id='tasks']")[0])
    author = words(office.of("林晓").get("/agenda").xpath("//*[@id='tasks']")[0])

    assert "连不上公告屏：请检查网线" in operator
    assert author == ""


def test_a_wide_pause_is_one_task_and_a_narrow_one_its_own(office: Office) -> None:
    visit = office.of("吴凡")
    visit.post("/pauses", scope="target:site", reason="栏目调整")
    narrow = words(visit.get("/agenda").xpath("//*[@id='tasks']")[0])

    visit.post("/pauses", scope="everything", reason="全校停电")

    wide = words(visit.get("/agenda").xpath("//*[@id='tasks']")[0])
    assert "已暂停官网：栏目调整" in narrow
    assert wide.count("已暂停") == 1
    assert "已暂停全部发布：全校停电" in wide


def test_the_live_page_is_the_same_page(office: Office) -> None:
    live = office.of("吴凡").get("/targets/live")
    page = office.of("吴凡").get("/targets")

    for path in ("//*[@id='targets']", "//*[@id='pauses']"):
        assert words(live.xpath(path)[0]) == words(page.xpath(path)[0])
