"""What the runner keeps for itself in the database: its tables, the history of runs, the lock, the events."""
