"""The conversion of float networks to quantized ones."""
