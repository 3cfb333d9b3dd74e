"""Engines that build the marts in PostgreSQL's place. The marts are then copied into PostgreSQL."""

from runner.engines.engine import ENGINES, Engine, open_engine

__all__ = ["ENGINES", "Engine", "open_engine"]
