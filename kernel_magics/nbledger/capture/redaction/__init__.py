"""Credentials become `[redacted]` before anything is written."""
