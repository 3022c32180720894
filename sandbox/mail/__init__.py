"""A stand-in for the university's outgoing mail: takes letters over SMTP, keeps them, shows them, on 127.0.0.1 only."""
