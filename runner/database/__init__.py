"""The database fieldlab works in: which one, the embedded server, its own tables."""
