"""The registry: our own database, the system of record (SQLAlchemy on SQLite or PostgreSQL)."""
