"""iam: rules are added here."""
