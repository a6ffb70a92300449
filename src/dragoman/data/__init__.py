"""Data: from raw text to what the training recipes read. A step a file."""
