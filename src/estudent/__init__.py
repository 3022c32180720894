"""eStudent: from a recruitment list to working student accounts."""
