"""The pieces of the QQ notice channel."""
