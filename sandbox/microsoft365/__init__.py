"""A stand-in for Microsoft's cloud: Entra tokens, Graph users and licences, Exchange addresses, on 127.0.0.1 only."""
