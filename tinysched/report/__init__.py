"""What users read. Pure; jobs in, text out."""
