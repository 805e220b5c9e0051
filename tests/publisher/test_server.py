from __future__ import annotations

import socket
from pathlib import Path

import pytest

from publisher import app as composition
from publisher import server, settings
from publisher.errors import ConfigError
from publisher.storage.leader import Leadership


def two_ports() -> list[int]:
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as other,
    ):
        return [made.getsockname()[1] for made in (one, other)]


def test_a_second_process_on_one_sqlite_ledger_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    console, site = two_ports()
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "publisher.toml").write_text(
        f"[server]\nconsole_port = {console}\nsite_port = {site}\n", encoding="utf-8"
    )
    monkeypatch.setattr(server, "HANDOVER_S", 0.5)
    app = composition.wire(settings.load(tmp_path))
    first = Leadership(app.database)
    assert first.hold()

    with pytest.raises(ConfigError, match="已经有 publisher serve 在运行"):
        server.serve(app)

    first.let_go()
