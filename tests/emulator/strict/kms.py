"""kms: rules are added here."""
