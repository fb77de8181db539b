"""secretsmanager: rules are added here."""
