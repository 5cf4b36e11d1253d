"""One step by itself, against what others take for it."""
