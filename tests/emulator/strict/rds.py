"""rds: rules are added here."""
