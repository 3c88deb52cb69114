"""What runs: dispatcher, agent, worker; loops of look, decide, do one step."""
