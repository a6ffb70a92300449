"""The version, in a file of its own so that the ground floor can sign with it."""

__version__ = "0.1.0"
