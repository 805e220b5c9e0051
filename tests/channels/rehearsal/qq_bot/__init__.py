"""Tests of the practice bot of the official QQ platform."""
