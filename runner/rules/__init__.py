"""What the rules of both domains share: their parameters, and the one list of all rules (`registry`)."""
