"""One step by itself, beside what others take for it."""
