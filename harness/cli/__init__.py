"""The door for people: every command reads, calls one room below, and prints. Nothing is decided in here."""

from harness.cli.main import app, main

__all__ = ["app", "main"]
