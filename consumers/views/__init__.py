"""What people and programs are shown of events and deliveries. Reads only; keys of the JSON are stable."""
