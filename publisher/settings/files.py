"""Where configuration files lie, and how a mistake in one is told."""

from __future__ import annotations

import os
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from publisher.errors import ConfigError
from publisher.settings.tables import Table

PACKAGED = Path(__file__).parents[1] / "_config"  # in an installed package
CHECKOUT = Path(__file__).parents[2] / "config"  # beside the sources


def default_home() -> Path:
    """Return the folder meant by PUBLISHER_HOME, or else that of the demo."""
    named = os.environ.get("PUBLISHER_HOME")
    if named:
        return Path(named)
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "yigao" / "demo"


def packaged(name: str) -> Path:
    """Return a configuration file as it comes with the package."""
    folder = PACKAGED if PACKAGED.is_dir() else CHECKOUT
    return folder / name


def read(home: Path, name: str) -> dict[str, Any]:
    """Return a file of config/: the installation's own, or else the packaged one."""
    own = home / "config" / name
    path = own if own.exists() else packaged(name)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"读不出这个文件：{error}", file=f"config/{name}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"不是合法的 TOML：{error}", file=f"config/{name}") from error


Kind = TypeVar("Kind", bound=Table)


def model(kind: type[Kind], values: dict[str, Any], *, file: str) -> Kind:
    """Return a table as an object; the first mistake is a ConfigError with file, table and key."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        table, key = _place(first["loc"])
        raise ConfigError(_words(first, kind), file=file, table=table, key=key) from error


def _place(loc: tuple[int | str, ...]) -> tuple[str, str]:
    names = [str(part) for part in loc]
    if len(names) == 1:
        return names[0], ""
    return ".".join(names[:-1]), names[-1]


def _words(error: Any, kind: type[Table]) -> str:
    if error["type"] == "extra_forbidden":
        known = _known_keys(kind, error["loc"])
        close = get_close_matches(str(error["loc"][-1]), known, n=1)
        hint = f"是否想写 {close[0]}？" if close else f"可用的有：{'、'.join(known)}"
        return f"没有这一项，{hint}"
    if error["type"] == "missing":
        return "缺少这一项"
    return f"{error['input']!r} 不合要求：{error['msg']}"


def _known_keys(kind: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    for name in loc[:-1]:
        field = kind.model_fields.get(str(name))
        if field and isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            kind = field.annotation
    return sorted(kind.model_fields)
