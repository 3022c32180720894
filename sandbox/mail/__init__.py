"""A stand-in for the university's outgoing mail: takes letters over SMTP, keeps them, shows them."""
