"""What people type: one file a command; parse, call, print. No decisions about scheduling."""
