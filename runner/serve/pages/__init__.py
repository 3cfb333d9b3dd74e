"""The pages: what each reads and the template that shows it, for a browser or as files."""
