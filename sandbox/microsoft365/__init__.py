"""A stand-in for Microsoft's cloud: Entra tokens, Graph users and licences, Exchange addresses."""
