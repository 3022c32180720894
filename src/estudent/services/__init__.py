"""Use cases, one module for each verb; they know ports and the domain, and no system behind a port."""
