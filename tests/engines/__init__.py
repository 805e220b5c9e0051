"""Set-ups of both engines, with real processes where there are workers, and an outlet for them."""
