"""Stand-ins for the systems that cannot run here."""
