"""What a customer may do, and why: entitlements from all their sources, what prepaid credit covers, the gate."""
