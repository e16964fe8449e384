"""Rooms and people: a pure session, and thin wiring for terminals and browsers."""
