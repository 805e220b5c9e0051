"""Typesetting of slides, for every channel that shows them."""
