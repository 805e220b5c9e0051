from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import channels
from publisher import registry
from publisher.cli_output import NoShelf
from publisher.errors import ConfigError
from tests.toy import TOY

GIVEN = {"channel": "toy", "url": "http://127.0.0.1", "secret": "sesame"}


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A fifth channel: one more file in a folder of the package."""
    (tmp_path / "toy.py").write_text(TOY, encoding="utf-8")
    monkeypatch.setattr(channels, "__path__", [*channels.__path__, str(tmp_path)])
    yield
    sys.modules.pop("channels.toy", None)


def build(table: dict[str, object]) -> object:
    return registry.build("play", table, folder=Path("data"), shelf=NoShelf())


def test_the_four_channels_are_found() -> None:
    assert {"website", "wechat", "screens", "qq_notice"} <= set(registry.available())


def test_one_more_file_is_one_more_channel(toy: None) -> None:
    channel = registry.build(
        "play", {**GIVEN, "groups": [1, 2], "gap_s": 2}, folder=Path("data"), shelf=NoShelf()
    )

    assert "toy" in registry.available()
    assert "groups=(1, 2)" in repr(channel)
    assert "sesame" not in repr(channel)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"channel": "toyy"}, "没有渠道 'toyy'"),
        ({}, "没有渠道 None"),
        ({**GIVEN, "secrt": "x"}, "[play] secrt：没有这一项，是否想写 secret"),
        ({**GIVEN, "folder": "x"}, "[play] folder"),
        ({"channel": "toy", "url": "x"}, "[play] secret：缺少这一项"),
        ({**GIVEN, "url": 7}, "[play] url：7 不是 str 类型"),
        ({**GIVEN, "groups": ["a"]}, "[play] groups"),
        ({**GIVEN, "gap_s": "1"}, "[play] gap_s"),
        ({**GIVEN, "url": {"password": "sesame"}}, "[play] url：这一项 不是 str 类型"),
    ],
)
def test_a_wrong_setting_names_target_and_key(
    toy: None, table: dict[str, object], says: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        build(table)

    assert says in str(caught.value)
    assert "sesame" not in str(caught.value)
