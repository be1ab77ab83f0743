"""The web application: who may enter, what every answer carries, and the process that serves it."""
