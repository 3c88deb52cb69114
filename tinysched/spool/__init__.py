"""The disk: the only code that opens a file under the root. Must not know host, config or wire."""
