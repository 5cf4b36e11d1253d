"""The `lookalike` command: run by people, imported by nobody."""
