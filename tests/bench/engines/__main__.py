"""Give a peer its jobs: `python -m tests.bench.engines MODULE COUNT`.

A process of its own, and the module imported by its name: what runs as `__main__` would name its
job so, and no worker knows a job of that name.
"""

from __future__ import annotations

import sys
from importlib import import_module

module, count = sys.argv[1:]
import_module(f"tests.bench.engines.{module}").enqueue(int(count))
