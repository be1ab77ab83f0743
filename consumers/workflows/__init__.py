"""Out: what runmail publishes, to Python handlers and webhooks. `herald` is where the way of an event begins."""
