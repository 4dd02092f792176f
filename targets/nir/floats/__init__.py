"""Networks in floats as NIR files, marked as not exact."""
