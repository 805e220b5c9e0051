"""A folder that tests add to those of the channels."""
