"""The strict layer: AWS's rules on top of moto's books."""
