"""s3: rules are added here."""
