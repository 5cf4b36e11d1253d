"""`lookalike review`: a page from one's own machine, by which announced pictures are reviewed."""
