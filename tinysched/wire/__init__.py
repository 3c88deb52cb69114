"""The socket: the only code that opens one. Must not know host, config or spool."""
