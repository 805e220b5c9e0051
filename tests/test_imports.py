"""The direction of imports, as the README draws it."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
CHANNELS_MAY_IMPORT = {"publisher.channel", "publisher.errors"}


def imports_of(path: Path) -> set[str]:
    """Return the absolute names of the modules that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def test_publisher_never_imports_a_channel() -> None:
    for path in (ROOT / "publisher").rglob("*.py"):
        assert not {name for name in imports_of(path) if name.split(".")[0] == "channels"}, path


def test_a_channel_knows_only_the_interface() -> None:
    for path in (ROOT / "channels").rglob("*.py"):
        inside = {name for name in imports_of(path) if name.split(".")[0] == "publisher"}
        assert inside <= CHANNELS_MAY_IMPORT, path


def test_no_channel_imports_another() -> None:
    for path in (ROOT / "channels").rglob("*.py"):
        own = path.relative_to(ROOT / "channels").parts[0].removesuffix(".py")
        others = {
            name.split(".")[1]
            for name in imports_of(path)
            if name.startswith("channels.") and not name.split(".")[1].startswith("_")
        }
        assert others <= {own}, path
