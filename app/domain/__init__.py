"""What the product knows and does, one folder per feature."""
