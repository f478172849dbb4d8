"""The verbs of the command, a file for each group: they print results and nothing else does. They do no work of their own."""
