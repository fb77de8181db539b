"""elbv2: rules are added here."""
