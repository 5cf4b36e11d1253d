"""The pure part: same input, same output; no network, clock, environment or log."""
