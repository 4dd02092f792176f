"""Float networks turned into quantized ones."""
