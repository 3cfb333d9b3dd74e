"""What the buyer could do: the rules, what they read, publishing, decisions, the lists."""
