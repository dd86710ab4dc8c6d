"""How long the main thread may wait at a stretch.

A signal that comes just before a wait does not interrupt it, and Python hears of it after the wait
only. So whoever waits in the main thread waits in pieces of `HEARS_S`.
"""

HEARS_S = 0.2
"""Ctrl-C and SIGTERM are heard within so many seconds."""
