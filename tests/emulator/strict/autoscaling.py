"""Node groups' Auto Scaling groups."""
