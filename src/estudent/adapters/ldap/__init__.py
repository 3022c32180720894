"""The student directory (OpenLDAP)."""
