"""The command `publisher`, with the channels of tests beside its own."""

from __future__ import annotations

from publisher import cli
from tests.engines.setups import add_channels

if __name__ == "__main__":
    add_channels()
    cli.main()
