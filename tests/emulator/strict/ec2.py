"""ec2: rules are added here."""
