"""How long fieldlab takes: `python -m benchmarks FOLDER… --as-of DATE`. See docs/speed.md."""
