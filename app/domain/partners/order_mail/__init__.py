"""Read partners' order mails into fields, each with a confidence."""
