from __future__ import annotations

from pathlib import Path

import pytest

from publisher import app as composition
from publisher import settings, wakeups
from publisher.errors import ConfigError

ENGINE = '[server]\nengine = "procrastinate"\n'


def write(home: Path, text: str) -> Path:
    (home / "config").mkdir()
    (home / "config" / "publisher.toml").write_text(text, encoding="utf-8")
    return home


def test_workers_on_an_sqlite_ledger_are_refused_when_the_settings_are_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"publisher.toml \[server\] engine：.*PostgreSQL"):
        settings.load(write(tmp_path, ENGINE))


def test_workers_on_postgresql_are_taken(tmp_path: Path) -> None:
    url = 'database_url = "postgresql+psycopg://yigao@db.example.edu.cn/yigao"\n'

    loaded = settings.load(write(tmp_path, ENGINE + url))

    assert loaded.server.engine == "procrastinate"


def test_an_engine_asked_for_on_the_command_line_is_refused_on_sqlite_too(tmp_path: Path) -> None:
    app = composition.wire(settings.load(tmp_path))

    with pytest.raises(ConfigError, match="PostgreSQL"):
        wakeups.use(app)

    assert app.engine is app.lanes
    app.database.engine.dispose()
