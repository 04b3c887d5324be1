"""The command line: opens files, makes clients, wires the rooms, sets the exit code. No decision is made here."""
