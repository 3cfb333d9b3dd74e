"""KEEP, DROP and ADD for each dealer: the rules, what they read, publishing, the report."""
