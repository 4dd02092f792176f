"""The network in the operations that the vendor's compiler accepts."""
