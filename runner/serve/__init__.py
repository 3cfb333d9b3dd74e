"""The web service: an API and pages over what was published. It reads, and calls what the command line calls."""
