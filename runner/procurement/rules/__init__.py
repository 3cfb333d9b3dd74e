"""The procurement rules, by what they are about; `runner.rules.registry` lists them all."""
