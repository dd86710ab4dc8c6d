"""The comparison of SR-FER with its rivals: what is trained, measured, tested and reported."""
