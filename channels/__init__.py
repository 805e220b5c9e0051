"""One module, or folder, an outlet. A channel knows only publisher.channel and publisher.errors."""

from __future__ import annotations
