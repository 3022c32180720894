"""The handlers: one for each path of Graph, Exchange and the token endpoint."""
