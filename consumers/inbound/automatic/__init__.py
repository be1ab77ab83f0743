"""Automatic answers: help that was asked for, and why a command had no effect. Told once a day, never to a machine."""
