"""The marts' definitions computed the slow and plain way, to compare the models with."""
