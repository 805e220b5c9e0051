"""The pieces that typeset slides."""
