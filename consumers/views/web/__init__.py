"""Deliveries, events, replies and the overview as pages of the web application."""
