"""The dispatcher's parts: ledger, agents, desk. No part waits for anybody."""
