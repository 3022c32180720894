"""One short file for each deployment: a table of contents. Schedules stand in `prefect.yaml`, logic in services."""
