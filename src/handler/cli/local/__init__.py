"""`lookalike local`: what needs a checkout of the project, its template and its development packages."""
