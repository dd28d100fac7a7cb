"""May this customer do this, now? Answered from accounts kept in memory."""
