"""The pieces of the screens channel."""
