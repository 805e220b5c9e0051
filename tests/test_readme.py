"""The README names every command, setting, state and channel."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import typer

from publisher import cli, registry, settings
from publisher.model.states import DeliveryState

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> list[str]:
    """Return the names of all commands, a group's before its own."""
    top = typer.main.get_command(cli.cli)
    assert hasattr(top, "commands")
    return sorted(top.commands)


@pytest.mark.parametrize("command", commands())
def test_every_command_is_named(command: str) -> None:
    assert f"`publisher {command}" in README


@pytest.mark.parametrize("channel", registry.available())
def test_every_channel_is_named_and_has_a_page(channel: str) -> None:
    assert f"| `{channel}` |" in README
    assert (ROOT / "docs" / "outlets" / f"{channel}.md").is_file()


@pytest.mark.parametrize(
    "key",
    [
        key
        for kind in (
            settings.Server,
            settings.College,
            settings.Documents,
            settings.Screening,
            settings.Delivery,
            settings.SignIn,
            settings.Alarm,
        )
        for key in kind.model_fields
    ],
)
def test_every_setting_is_named(key: str) -> None:
    assert f"`{key}`" in README


@pytest.mark.parametrize("state", list(DeliveryState))
def test_every_state_is_explained(state: str) -> None:
    assert f"`{state}`" in README


def test_the_two_commands_are_those_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    for target in ("run", "test", "check"):
        assert f"make {target}" in README
        assert f"\n{target}:" in makefile


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda page: page.stem)
def test_every_example_of_settings_can_be_read(page: Path) -> None:
    for example in re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        tomllib.loads(example)
