"""Orders that partners send by mail: read into fields with a confidence, looked at where it is not high enough, taken once."""
