from __future__ import annotations

import json
import logging

import pytest
import structlog

from publisher import logs


def test_every_line_is_one_json_object_whoever_wrote_it(
    capfd: pytest.CaptureFixture[str],
) -> None:
    logs.configure()

    structlog.get_logger().info("sent", delivery=7, said="平台忙")
    logging.getLogger("a.library").warning("slow %s", "disk")

    ours, theirs = (json.loads(line) for line in capfd.readouterr().err.splitlines())
    assert (ours["event"], ours["delivery"], ours["said"]) == ("sent", 7, "平台忙")
    assert (theirs["event"], theirs["level"]) == ("slow disk", "warning")


def test_a_traceback_shows_no_values(capfd: pytest.CaptureFixture[str]) -> None:
    logs.configure()

    def fails(secret: str) -> None:
        raise KeyError(len(secret))

    try:
        fails("sesame")
    except KeyError:
        structlog.get_logger().exception("failed")

    told = json.loads(capfd.readouterr().err)
    assert "KeyError" in told["exception"]
    assert "sesame" not in told["exception"].replace('fails("sesame")', "")
