"""What the product knows and does: one folder per feature, with its tables, reads, writes, reactions and jobs."""
