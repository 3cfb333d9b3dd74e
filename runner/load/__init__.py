"""From files to source tables: the contract, the readers and the checks."""
