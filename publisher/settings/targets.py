"""config/targets.toml, and the secrets that it refers to."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from publisher.errors import ConfigError
from publisher.settings import files

TARGET_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")


def targets(home: Path) -> dict[str, dict[str, object]]:
    """Return the table of each target by its name, secrets resolved."""
    file = "config/targets.toml"
    resolved = {}
    for name, table in files.read(home, "targets.toml").items():
        if not isinstance(table, dict):
            raise ConfigError("每个发布目标是一个表，写成 [名称]", file=file, key=name)
        if not TARGET_NAME.fullmatch(name):
            raise ConfigError("名称只用小写字母、数字、- 和 _，字母开头", file=file, table=name)
        resolved[name] = {key: _secrets(home, name, key, value) for key, value in table.items()}
    return resolved


def _secrets(home: Path, table: str, key: str, value: object) -> object:
    """Return a value with the secrets in it resolved, also within tables and lists of tables."""
    if isinstance(value, str):
        return _secret(home, table, key, value)
    if isinstance(value, dict):
        return {name: _secrets(home, table, key, each) for name, each in value.items()}
    if isinstance(value, list):
        return [_secrets(home, table, key, each) for each in value]
    return value


def _secret(home: Path, table: str, key: str, value: str) -> str:
    """Return the value itself, or what an env: or file: reference stands for."""
    return resolved(home, value, {"file": "config/targets.toml", "table": table, "key": key})


def resolved(home: Path, value: str, place: Mapping[str, str]) -> str:
    """Return the value itself, or the secret that it refers to; `place` is for the error."""
    if value.startswith("env:"):
        name = value.removeprefix("env:")
        if not os.environ.get(name):
            raise ConfigError(f"环境变量 {name} 没有设置", **place)
        return os.environ[name]
    if value.startswith("file:") and not value.startswith("file://"):  # that is an address
        path = home / value.removeprefix("file:")
        try:
            return path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"读不出密钥文件 {path.name}", **place) from error
    return value
