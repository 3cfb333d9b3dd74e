"""The routes below /api/v1, and those a machine asks: health and metrics."""
