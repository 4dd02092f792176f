"""Work in independent tasks: in processes of this machine, or on a cluster of machines."""
