"""The tests of the rules on personal data."""
