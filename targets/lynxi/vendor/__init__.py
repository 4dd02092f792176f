"""The files that the vendor's compiler loads."""
