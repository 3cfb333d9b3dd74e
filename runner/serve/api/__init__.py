"""The routes below /api/v1, and what a machine asks about the server: health, metrics, the description of the API."""
