"""Make.com scenarios: what they tell us, what they are told, and how both are signed."""
