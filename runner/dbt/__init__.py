"""dbt: one invocation at a time in a child process, and what came of it."""
