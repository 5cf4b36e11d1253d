"""What people do with announced pairs: see them as groups, decide, take a decision back, and see what may go."""
