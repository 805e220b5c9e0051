"""From one table of config/targets.toml to a channel: its key `channel` names the module."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError

from publisher.channel import ASGIApp, Channel, Shelf
from publisher.errors import ConfigError

PACKAGE = "channels"
REHEARSAL = "rehearsal"  # the practice outlets: servers, not a channel
GIVEN = {"folder", "shelf"}  # fields that are filled in here, not in targets.toml


def available() -> list[str]:
    """Return the names of all channels; a module that begins with _ is a helper."""
    package = import_module(PACKAGE)
    names = (module.name for module in iter_modules(package.__path__))
    return sorted(name for name in names if not name.startswith("_") and name != REHEARSAL)


def adapter(name: str) -> type[Channel]:
    """Return the one channel class of a module."""
    return _adapter_in(import_module(f"{PACKAGE}.{name}"))


def _adapter_in(module: ModuleType) -> type[Channel]:
    own = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Channel)
        and value.__module__ == module.__name__
        and not value.__name__.startswith("_")
    ]
    if len(own) != 1:
        raise ConfigError(f"{module.__name__} must define one channel, it defines {len(own)}")
    return own[0]


def kind_of(channel: Channel) -> str:
    """Return the name of the module that a channel is from, as `channel = "…"` spells it."""
    names = type(channel).__module__.split(".")
    return names[1] if names[0] == PACKAGE and len(names) > 1 else names[-1]


def build(
    target: str,
    table: Mapping[str, object],
    *,
    folder: Path,
    shelf: Shelf,
    college: str = "",
    home: Path = Path(),
) -> Channel:
    """Make the channel of one target; a wrong or missing setting is a ConfigError.

    A channel with a `college_name` gets that of the installation, unless the table has its own.
    A setting that is a path is relative to `home`, the installation's folder.
    """
    settings = dict(table)
    name = settings.pop("channel", None)
    if name not in available():
        there_are = "、".join(available())
        raise ConfigError(f"没有渠道 {name!r}，可用的有：{there_are}", table=target, key="channel")
    kind = adapter(str(name))
    known = {one.name: one for one in fields(kind) if one.init}  # type: ignore[arg-type]  # a dataclass
    for key in settings:
        if key not in known or key in GIVEN:
            raise ConfigError(_unknown(key, sorted(known.keys() - GIVEN)), table=target, key=key)
    for key, field in known.items():
        if _is_required(field) and key not in settings and key not in GIVEN:
            raise ConfigError("缺少这一项", table=target, key=key)
    hints = get_type_hints(kind)
    checked = {
        key: _checked(target, key, hints[key], _placed(hints[key], value, home=home))
        for key, value in settings.items()
    }
    given: dict[str, object] = {"folder": folder, "shelf": shelf}
    checked |= {key: value for key, value in given.items() if key in known}
    if college and "college_name" in known:
        checked.setdefault("college_name", college)
    try:
        return kind(**checked)
    except ConfigError as error:
        raise error.at(table=target) from error


def _unknown(key: str, known: list[str]) -> str:
    close = get_close_matches(key, known, n=1)
    return (
        f"没有这一项，是否想写 {close[0]}？"
        if close
        else f"没有这一项，可用的有：{'、'.join(known)}"
    )


def _is_required(field: Field[object]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _placed(hint: Any, value: object, *, home: Path) -> object:
    """Return a path that TOML has as text as one; anything else as it is."""
    is_path = hint is Path or Path in get_args(hint)
    return home / value if is_path and isinstance(value, str) and value else value


def _checked(target: str, key: str, hint: Any, value: object) -> object:
    """Return the value in the type of its field: an array of TOML becomes a tuple."""
    given = tuple(value) if isinstance(value, list) else value
    try:
        return TypeAdapter[object](hint).validate_python(given, strict=True)
    except ValidationError as error:
        kind = getattr(hint, "__name__", str(hint))
        shown = "这一项" if isinstance(value, (list, dict)) else repr(value)  # secrets stand in it
        raise ConfigError(f"{shown} 不是 {kind} 类型", table=target, key=key) from error


def rehearsal(folder: Path) -> ASGIApp:
    """Return the practice outlets, which keep their records below folder."""
    outlets: ASGIApp = import_module(f"{PACKAGE}.{REHEARSAL}").build(folder)
    return outlets
